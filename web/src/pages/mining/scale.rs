//! The scale of a chart: round numbers up to the greatest value.

/// Lines of a scale beside zero, at most.
const MOST_LINES: u32 = 4;

/// The values at which a scale has lines: multiples of 1, 2 or 5 times a power of ten. The last one
/// is not below `greatest`.
pub(crate) fn lines(greatest: f64) -> Vec<f64> {
    if !greatest.is_finite() || greatest <= 0.0 {
        return Vec::new();
    }
    let rough = greatest / f64::from(MOST_LINES);
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|part| part * power).find(|step| *step >= rough * (1.0 - 1e-9));
    let step = step.unwrap_or(10.0 * power);
    let mut lines = Vec::new();
    for number in 1..=MOST_LINES {
        let line = step * f64::from(number);
        lines.push(line);
        if line >= greatest * (1.0 - 1e-9) {
            break;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_round_and_reach_the_greatest_value() {
        for (greatest, expected) in [
            (4.0, vec![1.0, 2.0, 3.0, 4.0]),
            (1_480_000.0, vec![500_000.0, 1_000_000.0, 1_500_000.0]),
            (7.0, vec![2.0, 4.0, 6.0, 8.0]),
            (0.3, vec![0.1, 0.2, 0.3]),
        ] {
            let lines = lines(greatest);
            assert_eq!(lines.len(), expected.len(), "{greatest}: {lines:?}");
            assert!(lines.iter().zip(&expected).all(|(one, other)| (one - other).abs() < other * 1e-9), "{lines:?}");
        }
    }

    #[test]
    fn every_value_fits_its_scale() {
        for power in -3..12 {
            for digit in 1..100 {
                let greatest = f64::from(digit) * 10_f64.powi(power);
                let lines = lines(greatest);
                assert!(lines.last().is_some_and(|last| *last >= greatest * (1.0 - 1e-9)), "{greatest}: {lines:?}");
            }
        }
    }

    #[test]
    fn nothing_has_no_scale() {
        for greatest in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(lines(greatest).is_empty());
        }
    }
}
