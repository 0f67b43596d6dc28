//! A treemap in strips: pieces keep their order, and their areas tell their sizes.
//!
//! Strips fill from the bottom, each from left to right. A strip takes pieces as long as that
//! makes its pieces less oblong (the strip treemap of Bederson, Shneiderman and Wattenberg).

/// A piece of the drawing, its upper left corner and its extent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Piece {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

/// Places pieces of these sizes so that together they fill the lower `filled` of `height`.
pub(crate) fn strips(sizes: &[f64], width: f64, height: f64, filled: f64) -> Vec<Piece> {
    let total: f64 = sizes.iter().sum();
    let mut pieces = Vec::with_capacity(sizes.len());
    if total <= 0.0 || width <= 0.0 {
        return pieces;
    }
    let scale = width * height * filled.clamp(0.0, 1.0) / total;
    let mut floor = height;
    let mut rest = sizes;
    while !rest.is_empty() {
        let count = strip_length(rest, scale, width);
        let (strip, behind) = rest.split_at(count);
        let area: f64 = strip.iter().sum::<f64>() * scale;
        let strip_height = area / width;
        floor -= strip_height;
        let mut x = 0.0;
        for size in strip {
            let piece_width = if strip_height > 0.0 { size * scale / strip_height } else { 0.0 };
            pieces.push(Piece { x, y: floor, width: piece_width, height: strip_height });
            x += piece_width;
        }
        rest = behind;
    }
    pieces
}

/// How many of the next pieces make a strip.
fn strip_length(sizes: &[f64], scale: f64, width: f64) -> usize {
    let mut best = 1;
    while best < sizes.len() && oblong(&sizes[..=best], scale, width) <= oblong(&sizes[..best], scale, width) {
        best += 1;
    }
    best
}

/// How oblong the pieces of a strip are on average, 1 for squares.
fn oblong(strip: &[f64], scale: f64, width: f64) -> f64 {
    let height = strip.iter().sum::<f64>() * scale / width;
    let ratio = |size: &f64| {
        let piece_width = size * scale / height;
        (piece_width / height).max(height / piece_width)
    };
    let count = u32::try_from(strip.len()).unwrap_or(u32::MAX);
    strip.iter().map(ratio).sum::<f64>() / f64::from(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(pieces: &[Piece]) -> f64 {
        pieces.iter().map(|piece| piece.width * piece.height).sum()
    }

    #[test]
    fn pieces_fill_their_part_and_lie_within() {
        let sizes: Vec<f64> = (1..=150_u32).map(|number| f64::from(100 + number * 37 % 400)).collect();
        let pieces = strips(&sizes, 600.0, 240.0, 0.5);
        assert_eq!(pieces.len(), sizes.len());
        assert!((area(&pieces) - 600.0 * 120.0).abs() < 1e-6);
        for piece in &pieces {
            assert!(piece.x >= 0.0 && piece.x + piece.width <= 600.0 + 1e-6, "{piece:?}");
            assert!(piece.y >= 120.0 - 1e-6 && piece.y + piece.height <= 240.0 + 1e-6, "{piece:?}");
        }
    }

    #[test]
    fn areas_tell_sizes_and_the_first_lies_at_the_bottom() {
        let pieces = strips(&[100.0, 300.0, 200.0], 60.0, 10.0, 1.0);
        let areas: Vec<f64> = pieces.iter().map(|piece| piece.width * piece.height).collect();
        assert!((areas[1] / areas[0] - 3.0).abs() < 1e-9 && (areas[2] / areas[0] - 2.0).abs() < 1e-9);
        assert!((pieces[0].x).abs() < 1e-9 && (pieces[0].y + pieces[0].height - 10.0).abs() < 1e-9);
    }

    #[test]
    fn equal_pieces_are_nearly_square() {
        let pieces = strips(&[1.0; 100], 400.0, 400.0, 1.0);
        assert!(pieces.iter().all(|piece| (0.5..2.0).contains(&(piece.width / piece.height))), "{:?}", pieces[0]);
    }

    #[test]
    fn nothing_makes_no_pieces() {
        assert!(strips(&[], 10.0, 10.0, 1.0).is_empty());
        assert!(strips(&[0.0], 10.0, 10.0, 1.0).is_empty());
    }
}
