//! Where peers sit around this tab, and further tabs of the room around them.

/// Tabs without a line to this one that are drawn at most.
pub(crate) const MOST_OUTER: usize = 240;

/// Radius of the dot that stands for one.
pub(crate) const OUTER_RADIUS: f64 = 4.0;

/// Distance between two such dots, and between two rings of them.
const OUTER_GAP: f64 = 15.0;

/// Steps in which an ellipse is measured.
const STEPS: u32 = 720;

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

/// How much of the edge so many dots take; nothing where there are none.
pub(crate) fn outer_depth(count: u32, half_width: f64, half_height: f64) -> f64 {
    let rings = outer_rings(count, half_width, half_height).len();
    OUTER_GAP * f64::from(u32::try_from(rings).unwrap_or(0))
}

/// Where dots sit around the middle: on ellipses along the edge, evenly, the outermost first.
pub(crate) fn outer(count: u32, half_width: f64, half_height: f64) -> Vec<(f64, f64)> {
    let rings = outer_rings(count, half_width, half_height);
    rings.into_iter().flat_map(|(count, x, y)| along(count, x, y)).collect()
}

/// Dots and half axes of each ring.
fn outer_rings(count: u32, half_width: f64, half_height: f64) -> Vec<(u32, f64, f64)> {
    let mut rings = Vec::new();
    let mut left = count;
    let (mut x, mut y) = (half_width - OUTER_RADIUS - 1.0, half_height - OUTER_RADIUS - 1.0);
    while left > 0 && x > OUTER_GAP && y > OUTER_GAP {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive, and a cast saturates")]
        let room = ((length(x, y) / OUTER_GAP).floor() as u32).max(1);
        let taken = left.min(room);
        rings.push((taken, x, y));
        left -= taken;
        (x, y) = (x - OUTER_GAP, y - OUTER_GAP);
    }
    rings
}

fn on_ellipse(x: f64, y: f64, step: u32) -> (f64, f64) {
    // From the top, clockwise.
    let turn = (360.0 * f64::from(step) / f64::from(STEPS) - 90.0).to_radians();
    (x * turn.cos(), y * turn.sin())
}

fn length(x: f64, y: f64) -> f64 {
    (0..STEPS).map(|step| distance(on_ellipse(x, y, step), on_ellipse(x, y, step + 1))).sum()
}

fn distance(one: (f64, f64), other: (f64, f64)) -> f64 {
    (one.0 - other.0).hypot(one.1 - other.1)
}

/// Points on an ellipse, equally far from each other along it.
fn along(count: u32, x: f64, y: f64) -> Vec<(f64, f64)> {
    let gap = length(x, y) / f64::from(count.max(1));
    let mut points = Vec::new();
    let mut walked = 0.0;
    for step in 0..STEPS {
        if walked >= gap * f64::from(u32::try_from(points.len()).unwrap_or(0)) - 1e-9 && points.len() < count as usize {
            points.push(on_ellipse(x, y, step));
        }
        walked += distance(on_ellipse(x, y, step), on_ellipse(x, y, step + 1));
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(seat: Seat) -> (f64, f64) {
        (seat.distance * seat.angle.to_radians().cos(), seat.distance * seat.angle.to_radians().sin())
    }

    #[test]
    fn two_hundred_at_the_edge_do_not_touch_and_stay_within() {
        for (half_width, half_height) in [(164.0, 240.0), (380.0, 240.0)] {
            for count in [1, 2, 60, 184, 240] {
                let dots = outer(count, half_width, half_height);
                assert_eq!(dots.len(), count as usize);
                for (index, dot) in dots.iter().enumerate() {
                    assert!(dot.0.abs() <= half_width && dot.1.abs() <= half_height, "{dot:?}");
                    for other in &dots[index + 1..] {
                        assert!(distance(*dot, *other) > 2.0 * OUTER_RADIUS, "{count}: {dot:?} {other:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn peers_and_the_tabs_at_the_edge_keep_apart() {
        for (width, height) in [(328.0, 520.0), (760.0, 520.0)] {
            let depth = outer_depth(184, width / 2.0, height / 2.0);
            assert!(depth > 0.0);
            let (half_width, half_height) = (width / 2.0 - 44.0 - depth, height / 2.0 - 50.0 - depth);
            let radius = disc_radius(16, width);
            for index in 0..16 {
                let peer = place(seat(index, 16, half_width, half_height, is_crowded(16, width)));
                for dot in outer(184, width / 2.0, height / 2.0) {
                    assert!(distance(peer, dot) > radius + OUTER_RADIUS, "{peer:?} {dot:?}");
                }
            }
        }
        assert!(outer_depth(0, 380.0, 240.0).abs() < 1e-9);
    }

    #[test]
    fn a_frame_without_size_has_no_edge() {
        assert!(outer(50, 0.0, 0.0).is_empty());
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
