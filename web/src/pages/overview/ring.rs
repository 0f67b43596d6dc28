//! Where peers sit around this tab.

/// A place around the middle, in polar coordinates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Seat {
    /// Direction in degrees, clockwise from the right; grows from seat to seat.
    pub(crate) angle: f64,
    /// Distance from the middle.
    pub(crate) distance: f64,
}

/// The `index`-th of `count` places on an ellipse with the given half axes; when it is crowded,
/// every second one sits further in, which leaves its neighbours twice the room.
pub(crate) fn seat(index: u32, count: u32, half_width: f64, half_height: f64, crowded: bool) -> Seat {
    let step = 360.0 / f64::from(count.max(1));
    // Two sit left and right, three with one on top; a label is never straight above another if it can be helped.
    let first = match count {
        1 => 0.0,
        count if count % 2 == 0 => -90.0 + step / 2.0,
        _ => -90.0,
    };
    let turn = step.mul_add(f64::from(index), first);
    let (x, y) = (half_width * turn.to_radians().cos(), half_height * turn.to_radians().sin());
    // The direction differs from the turn by less than a quarter; keep it next to the turn, so that
    // seats that move, move the short way.
    let direction = y.atan2(x).to_degrees();
    let angle = direction + 360.0 * ((turn - direction) / 360.0).round();
    let depth = if crowded && index % 2 == 1 { INNER } else { 1.0 };
    Seat { angle, distance: depth * x.hypot(y) }
}

/// Below this width in pixels a drawing is one for a phone.
const NARROW: f64 = 480.0;

/// Peers from which on a narrow drawing is crowded.
const CROWD: u32 = 9;

/// How far out every second peer sits when it is crowded.
const INNER: f64 = 0.64;

/// Whether so many peers need every bit of so little room.
pub(crate) fn is_crowded(count: u32, width: f64) -> bool {
    width < NARROW && count >= CROWD
}

/// Radius of the disc that stands for this tab.
pub(crate) fn own_radius(width: f64) -> f64 {
    if width < NARROW { 26.0 } else { 34.0 }
}

/// Radius of a peer's disc, so that neighbours do not touch.
pub(crate) fn disc_radius(count: u32, width: f64) -> f64 {
    let roomy: f64 = match count {
        0..=6 => 26.0,
        7..=12 => 22.0,
        _ => 17.0,
    };
    if width < NARROW { roomy * 0.75 } else { roomy }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(seat: Seat) -> (f64, f64) {
        (seat.distance * seat.angle.to_radians().cos(), seat.distance * seat.angle.to_radians().sin())
    }

    #[test]
    fn two_sit_left_and_right() {
        let (x, y) = place(seat(0, 2, 300.0, 100.0, false));
        assert!((x - 300.0).abs() < 1e-6 && y.abs() < 1e-6);
        let (x, y) = place(seat(1, 2, 300.0, 100.0, false));
        assert!((x + 300.0).abs() < 1e-6 && y.abs() < 1e-6);
    }

    #[test]
    fn seats_follow_each_other_around_once() {
        for count in 1..=24 {
            let angles: Vec<f64> = (0..count).map(|index| seat(index, count, 300.0, 150.0, true).angle).collect();
            assert!(angles.windows(2).all(|pair| pair[0] < pair[1]), "{angles:?}");
            assert!(angles[angles.len() - 1] - angles[0] < 360.0);
        }
    }

    #[test]
    fn sixteen_do_not_overlap() {
        for (width, half_width, half_height) in [(328.0, 124.0, 150.0), (760.0, 310.0, 160.0)] {
            let places: Vec<_> = {
                let crowded = is_crowded(16, width);
                (0..16).map(|index| place(seat(index, 16, half_width, half_height, crowded))).collect()
            };
            let radius = disc_radius(16, width);
            for (index, one) in places.iter().enumerate() {
                for other in &places[index + 1..] {
                    assert!((one.0 - other.0).hypot(one.1 - other.1) > 2.0 * radius, "{one:?} {other:?}");
                }
            }
        }
    }
}
