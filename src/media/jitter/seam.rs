//! Shortens and lengthens a piece of quiet sound without a click, by a short cross-fade over the seam.
//! Never decides when: the jitter buffer says how much too early or late it is.

/// Takes up to `most` samples off the front of `piece`, with a cross-fade of `seam` samples; says how many.
/// What is left is at least the seam.
pub fn cut(piece: &mut Vec<i16>, most: usize, seam: usize) -> usize {
    let n = most.min(piece.len().saturating_sub(seam));
    for i in 0..seam.min(piece.len() - n) {
        piece[n + i] = blend(piece[i], piece[n + i], (i, seam));
    }
    piece.copy_within(n.., 0);
    piece.truncate(piece.len() - n);
    n
}

/// Repeats up to `most` samples at the end of `piece`, with a cross-fade of `seam` samples; says how many.
pub fn lengthen(piece: &mut Vec<i16>, most: usize, seam: usize) -> usize {
    let n = most.min(piece.len().saturating_sub(seam));
    if n == 0 {
        return 0;
    }
    let (faded, from) = (piece.len() - seam, piece.len() - seam - n);
    piece.extend_from_within(from + seam..);
    for i in 0..seam {
        piece[faded + i] = blend(piece[faded + i], piece[from + i], (i, seam));
    }
    n
}

/// Sample `i` of the seam, on the way from one sound to the other.
fn blend(from: i16, to: i16, (i, seam): (usize, usize)) -> i16 {
    let (from, to, i, seam) = (i32::from(from), i32::from(to), i as i32, seam as i32);
    ((from * (seam - i) + to * i) / seam) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEAM: usize = 40;

    fn ramp() -> Vec<i16> {
        (0..160).collect()
    }

    #[test]
    fn a_cut_piece_begins_as_it_began_and_ends_as_it_ended() {
        let mut piece = ramp();
        assert_eq!(cut(&mut piece, 80, SEAM), 80);
        assert_eq!((piece.len(), piece[0], piece[79]), (80, 0, 159));
        assert_eq!(cut(&mut piece, 1_000, SEAM), 40);
        assert_eq!(cut(&mut piece, 1_000, SEAM), 0);
    }

    #[test]
    fn a_lengthened_piece_repeats_its_end() {
        let mut piece = ramp();
        assert_eq!(lengthen(&mut piece, 60, SEAM), 60);
        assert_eq!((piece.len(), piece[0], piece[219]), (220, 0, 159));
        assert!(piece.windows(2).all(|w| (w[0] - w[1]).abs() <= 3), "no click at the seam");
        assert_eq!(lengthen(&mut vec![1; 30], 60, SEAM), 0);
    }
}
