//! What a margin is worth: the chance that the topic with it is what the caller wants.
//! Never compares packs: each has its own curve, so that one threshold holds over all of them.

use super::bytes::{Corrupt, Reader, Writer};

/// Steps of Newton's method; it settles within ten.
const STEPS: usize = 50;
/// Keeps the curve finite where right and wrong do not overlap.
const DAMPING: f64 = 1e-3;

/// A logistic curve (Platt, "Probabilistic outputs for support vector machines", 1999).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Calibration {
    slope: f32,
    offset: f32,
}

impl Calibration {
    /// The curve through margins whose topic was right or wrong. Both kinds weigh the same, however many there are:
    /// half of what a line hears may be none of its business.
    pub(super) fn fit(margins: &[(f32, bool)]) -> Self {
        let right = margins.iter().filter(|(_, right)| *right).count();
        let wrong = margins.len() - right;
        let weight = |of_kind: usize| 0.5 / of_kind.max(1) as f64;
        // Platt's targets: one more of the other kind is yet to come.
        let target = |right_one: bool| {
            if right_one { (right as f64 + 1.0) / (right as f64 + 2.0) } else { 1.0 / (wrong as f64 + 2.0) }
        };
        let (mut slope, mut offset) = (1.0f64, 0.0f64);
        for _ in 0..STEPS {
            let (mut gs, mut go, mut ss, mut so, mut oo) = (DAMPING * (slope - 1.0), 0.0, DAMPING, 0.0, DAMPING);
            for (margin, is_right) in margins {
                let (x, w) = (f64::from(*margin), weight(if *is_right { right } else { wrong }));
                let p = logistic(slope * x + offset);
                let (error, curvature) = (w * (p - target(*is_right)), w * p * (1.0 - p));
                gs += error * x;
                go += error;
                ss += curvature * x * x;
                so += curvature * x;
                oo += curvature;
            }
            let determinant = ss * oo - so * so;
            slope -= (oo * gs - so * go) / determinant;
            offset -= (ss * go - so * gs) / determinant;
        }
        let finite = slope.is_finite() && offset.is_finite() && slope > 0.0;
        if finite { Self { slope: slope as f32, offset: offset as f32 } } else { Self { slope: 1.0, offset: 0.0 } }
    }

    /// The chance, 0 to 1.
    pub(super) fn chance(self, margin: f32) -> f32 {
        logistic(f64::from(self.slope * margin + self.offset)) as f32
    }

    pub(super) fn write(self, out: &mut Writer) {
        out.f32(self.slope);
        out.f32(self.offset);
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Result<Self, Corrupt> {
        Ok(Self { slope: from.f32()?, offset: from.f32()? })
    }
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_rises_where_right_and_wrong_meet() {
        let margins: Vec<(f32, bool)> = (-20..=20).map(|i| (i as f32 / 10.0, i + i % 3 > 3)).collect();
        let curve = Calibration::fit(&margins);
        assert!(curve.chance(-1.0) < 0.2 && curve.chance(1.5) > 0.8, "{curve:?}");
        assert!((0.3..0.7).contains(&curve.chance(0.4)), "{curve:?}");
    }

    #[test]
    fn hopeless_margins_still_give_a_curve() {
        for margins in [vec![], vec![(0.5, true)], vec![(1.0, false), (-1.0, true)], vec![(9.0, true), (-9.0, false)]] {
            let curve = Calibration::fit(&margins);
            assert!(curve.chance(2.0) > curve.chance(-2.0), "{margins:?}: {curve:?}");
        }
    }
}
