//! Shortens and lengthens a piece of quiet sound without a click, by a short cross-fade over the seam.
//! Never decides when: the jitter buffer says how much too early or late it is.

/// Length of the cross-fade, in samples: 5 ms at 8 kHz.
const SEAM: usize = 40;

/// Takes up to `most` samples off the front of `piece`; says how many. What is left is at least the seam.
pub fn cut(piece: &mut Vec<i16>, most: usize) -> usize {
    let n = most.min(piece.len().saturating_sub(SEAM));
    for i in 0..SEAM.min(piece.len() - n) {
        piece[n + i] = blend(piece[i], piece[n + i], i);
    }
    piece.copy_within(n.., 0);
    piece.truncate(piece.len() - n);
    n
}

/// Repeats up to `most` samples at the end of `piece`; says how many.
pub fn lengthen(piece: &mut Vec<i16>, most: usize) -> usize {
    let n = most.min(piece.len().saturating_sub(SEAM));
    if n == 0 {
        return 0;
    }
    let (seam, from) = (piece.len() - SEAM, piece.len() - SEAM - n);
    piece.extend_from_within(from + SEAM..);
    for i in 0..SEAM {
        piece[seam + i] = blend(piece[seam + i], piece[from + i], i);
    }
    n
}

/// The seam's sample `i`, on the way from one sound to the other.
fn blend(from: i16, to: i16, i: usize) -> i16 {
    let (from, to, i, seam) = (i32::from(from), i32::from(to), i as i32, SEAM as i32);
    ((from * (seam - i) + to * i) / seam) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp() -> Vec<i16> {
        (0..160).collect()
    }

    #[test]
    fn a_cut_piece_begins_as_it_began_and_ends_as_it_ended() {
        let mut piece = ramp();
        assert_eq!(cut(&mut piece, 80), 80);
        assert_eq!((piece.len(), piece[0], piece[79]), (80, 0, 159));
        assert_eq!(cut(&mut piece, 1_000), 40);
        assert_eq!(cut(&mut piece, 1_000), 0);
    }

    #[test]
    fn a_lengthened_piece_repeats_its_end() {
        let mut piece = ramp();
        assert_eq!(lengthen(&mut piece, 60), 60);
        assert_eq!((piece.len(), piece[0], piece[219]), (220, 0, 159));
        assert!(piece.windows(2).all(|w| (w[0] - w[1]).abs() <= 3), "no click at the seam");
        assert_eq!(lengthen(&mut vec![1; 30], 60), 0);
    }
}
