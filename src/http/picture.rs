//! A photo of a stranger's becomes pixels under limits, and the codes on it become text.
//! Never believes a name or a header, and never hands on what came: only pixels, encoded anew.

use std::collections::HashSet;
use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, GrayImage, ImageDecoder as _, ImageFormat, ImageReader, Limits, Luma, Rgb, RgbImage};
use reqwest::Url;
use rxing::helpers::detect_in_luma_slice_with_hints;
use rxing::{BarcodeFormat, DecodeHints, Point};
use thiserror::Error;

/// Longest side of a photo that is taken; every telephone's is shorter.
const MOST_SIDE: u32 = 10_000;
/// Most memory for its pixels and the decoder's own: 48 megapixels in three octets, and some.
const MOST_BYTES: u64 = 192 * 1024 * 1024;
/// Longest side of what others see.
const SHOWN_SIDE: u32 = 1_600;
/// Longest sides at which codes are looked for; the larger where the smaller shows none.
const CODE_SIDES: [u32; 2] = [1_200, 3_200];
const JPEG_QUALITY: u8 = 85;
/// Longest text that a code may put into a caller's mouth, in characters.
const MOST_CHARS: usize = 200;
/// Most codes of one photo.
const MOST_CODES: usize = 4;

/// The kinds that are read, those that name a thing of this caller's before those that name a kind of goods. Others (ITF,
/// Codabar, UPC-E) are found in curtains and keyboards too.
const KINDS: [BarcodeFormat; 8] = [
    BarcodeFormat::QR_CODE,
    BarcodeFormat::DATA_MATRIX,
    BarcodeFormat::CODE_128,
    BarcodeFormat::CODE_93,
    BarcodeFormat::CODE_39,
    BarcodeFormat::EAN_13,
    BarcodeFormat::EAN_8,
    BarcodeFormat::UPC_A,
];

/// A photo is not taken.
#[derive(Debug, Error)]
pub enum PictureError {
    /// Its content is of another kind, whatever its name says.
    #[error("this is no JPEG, PNG or WebP picture; send one of these")]
    Kind,
    /// More pixels than are decoded.
    #[error("the picture has too many pixels; at most {MOST_SIDE} a side and 60 megapixels are taken")]
    TooLarge,
    /// It begins like a picture and is none.
    #[error("the picture is broken: {0}; take it again")]
    Broken(String),
}

/// A photo's pixels, upright, on white, without anything else that was in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture(RgbImage);

impl Picture {
    /// Reads a JPEG, PNG or WebP file, known by its first octets, and turns it as its camera was held.
    ///
    /// # Errors
    /// [`PictureError`]; nothing is allocated for pixels before they are counted.
    pub fn decode(file: &[u8]) -> Result<Self, PictureError> {
        let format = image::guess_format(file).map_err(|_| PictureError::Kind)?;
        if !matches!(format, ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP) {
            return Err(PictureError::Kind);
        }
        let mut limits = Limits::default();
        (limits.max_image_width, limits.max_image_height) = (Some(MOST_SIDE), Some(MOST_SIDE));
        limits.max_alloc = Some(MOST_BYTES);
        let mut reader = ImageReader::with_format(Cursor::new(file), format);
        reader.limits(limits);
        let mut decoder = reader.into_decoder().map_err(refused)?;
        if decoder.total_bytes() > MOST_BYTES {
            return Err(PictureError::TooLarge);
        }
        let orientation = decoder.orientation().map_err(refused)?;
        let mut image = DynamicImage::from_decoder(decoder).map_err(refused)?;
        image.apply_orientation(orientation);
        Ok(Self(on_white(image)))
    }

    /// As others see it: a JPEG of pixels alone, at most 1,600 a side.
    pub fn to_jpeg(&self) -> Vec<u8> {
        let mut file = Vec::new();
        let encoder = JpegEncoder::new_with_quality(&mut file, JPEG_QUALITY);
        self.within(SHOWN_SIDE).write_with_encoder(encoder).expect("a picture within these sides is a JPEG in memory");
        file
    }

    /// The text of each code on it, the most telling kind first.
    pub fn codes(&self) -> Vec<String> {
        let longest = self.0.width().max(self.0.height());
        let tries = CODE_SIDES.iter().enumerate().filter(|(n, _)| *n == 0 || longest > CODE_SIDES[n - 1]);
        tries.map(|(_, &side)| codes_in(&self.within(side))).find(|codes| !codes.is_empty()).unwrap_or_default()
    }

    fn within(&self, side: u32) -> DynamicImage {
        let image = DynamicImage::ImageRgb8(self.0.clone());
        if self.0.width().max(self.0.height()) > side { image.thumbnail(side, side) } else { image }
    }
}

/// A code's text as a caller would write it: of an address its path and values, of signs the words between them.
pub fn words(code: &str) -> String {
    let address = Url::parse(code).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let told = address.map(|url| {
        let values = url.query_pairs().map(|(_, value)| value.into_owned());
        url.path_segments().into_iter().flatten().map(str::to_owned).chain(values).collect::<Vec<_>>().join(" ")
    });
    let told = told.filter(|words| !words.trim().is_empty()).unwrap_or_else(|| code.to_owned());
    let is_sign = |c: char| c.is_control() || c.is_whitespace() || "/:;=|#_{}[]()\"'?&<>\\".contains(c);
    let words = told.split(is_sign).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    words.chars().take(MOST_CHARS).collect()
}

fn refused(error: image::ImageError) -> PictureError {
    match error {
        image::ImageError::Limits(_) => PictureError::TooLarge,
        other => PictureError::Broken(other.to_string()),
    }
}

/// What is transparent is white: a black code without a ground stays readable.
fn on_white(image: DynamicImage) -> RgbImage {
    if !image.color().has_alpha() {
        return image.into_rgb8();
    }
    let image = image.into_rgba8();
    RgbImage::from_fn(image.width(), image.height(), |x, y| {
        let [red, green, blue, alpha] = image.get_pixel(x, y).0.map(u16::from);
        Rgb([red, green, blue].map(|value| ((value * alpha + 255 * (255 - alpha)) / 255) as u8))
    })
}

/// One code after the other, each painted over before the next is looked for. The crate's own search for several takes half a
/// minute of some photos; this is at most as many searches as codes are told.
fn codes_in(image: &DynamicImage) -> Vec<String> {
    let mut luma = image.to_luma8();
    let (width, height) = luma.dimensions();
    let mut found: Vec<(usize, String)> = Vec::new();
    for _ in 0..MOST_CODES {
        let mut hints = DecodeHints {
            PossibleFormats: Some(HashSet::from(KINDS)),
            TryHarder: Some(true),
            AlsoInverted: Some(true),
            ..DecodeHints::default()
        };
        let Ok(code) = detect_in_luma_slice_with_hints(luma.as_raw(), width, height, None, &mut hints) else { break };
        paint_over(&mut luma, code.getPoints());
        let (kind, text) = (code.getBarcodeFormat(), code.getText().trim());
        if !text.is_empty() && !found.iter().any(|(_, known)| known == text) {
            found.push((KINDS.iter().position(|known| known == kind).unwrap_or(KINDS.len()), text.to_owned()));
        }
    }
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, text)| text).collect()
}

/// Whites out a code by the points that its reader went by, which lie within it, with a quarter of its length around them.
fn paint_over(luma: &mut GrayImage, points: &[Point]) {
    let (across, down) = (points.iter().map(|point| point.x), points.iter().map(|point| point.y));
    let span = |values: &mut dyn Iterator<Item = f32>| values.fold((f32::MAX, 0f32), |(low, high), v| (low.min(v), high.max(v)));
    let ((left, right), (top, bottom)) = (span(&mut across.into_iter()), span(&mut down.into_iter()));
    let around = (right - left).max(bottom - top).max(20.0) / 4.0;
    let within = |from: f32, to: f32, most: u32| ((from - around).max(0.0) as u32).min(most)..((to + around) as u32).min(most);
    for y in within(top, bottom, luma.height()) {
        for x in within(left, right, luma.width()) {
            luma.put_pixel(x, y, Luma([255]));
        }
    }
}

#[cfg(test)]
mod tests {
    use image::{ImageBuffer, Rgba, RgbaImage};
    use rxing::{MultiFormatWriter, Writer as _};

    use super::*;

    /// That code as a label: black on white, with a quiet zone.
    fn label(text: &str, kind: BarcodeFormat, (width, height): (i32, i32)) -> GrayImage {
        let bits = MultiFormatWriter.encode(text, &kind, width, height).expect("it can be written");
        let quiet = 30;
        GrayImage::from_fn(bits.width() + 2 * quiet, bits.height() + 2 * quiet, |x, y| {
            let within = x >= quiet && y >= quiet && x < bits.width() + quiet && y < bits.height() + quiet;
            Luma([if within && bits.get(x - quiet, y - quiet) { 0 } else { 255 }])
        })
    }

    fn file(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        image.into().write_to(&mut file, format).expect("it can be encoded");
        file.into_inner()
    }

    fn read(file: &[u8]) -> Vec<String> {
        Picture::decode(file).expect("a picture").codes()
    }

    #[test]
    fn order_numbers_are_read_from_both_kinds_of_labels_in_each_format() {
        let qr = label("4271", BarcodeFormat::QR_CODE, (240, 240));
        let bars = label("ORDER 4271", BarcodeFormat::CODE_128, (420, 90));
        for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
            assert_eq!(read(&file(DynamicImage::from(qr.clone()).into_rgb8(), format)), ["4271"], "{format:?}");
            assert_eq!(read(&file(DynamicImage::from(bars.clone()).into_rgb8(), format)), ["ORDER 4271"], "{format:?}");
        }
    }

    #[test]
    fn a_label_is_read_lying_on_its_side_transparent_inverted_or_beside_another() {
        let bars = label("4271", BarcodeFormat::CODE_128, (300, 90));
        let lying = DynamicImage::from(bars.clone()).rotate90();
        assert_eq!(read(&file(lying, ImageFormat::Png)), ["4271"]);
        let qr = label("订单 4271", BarcodeFormat::QR_CODE, (240, 240));
        let ink = RgbaImage::from_fn(qr.width(), qr.height(), |x, y| Rgba([0, 0, 0, 255 - qr.get_pixel(x, y).0[0]]));
        assert_eq!(read(&file(ink, ImageFormat::Png)), ["订单 4271"], "black on nothing");
        let mut inverted = qr.clone();
        image::imageops::invert(&mut inverted);
        assert_eq!(read(&file(inverted, ImageFormat::Png)), ["订单 4271"]);
        let goods = label("6901234567892", BarcodeFormat::EAN_13, (300, 90));
        let mut both = GrayImage::from_pixel(800, 700, Luma([255]));
        image::imageops::replace(&mut both, &goods, 20, 20);
        image::imageops::replace(&mut both, &qr, 300, 300);
        assert_eq!(read(&file(both, ImageFormat::Png)), ["订单 4271", "6901234567892"], "the caller's before the maker's");
    }

    #[test]
    fn a_small_code_on_a_large_photo_is_found_at_its_full_size() {
        let mut desk = GrayImage::from_fn(3_000, 2_200, |x, y| Luma([150 + ((x * 7 + y * 13) % 40) as u8]));
        image::imageops::replace(&mut desk, &label("4271", BarcodeFormat::QR_CODE, (90, 90)), 2_000, 1_500);
        assert_eq!(read(&file(desk, ImageFormat::Jpeg)), ["4271"]);
    }

    #[test]
    fn a_photo_without_a_code_has_none() {
        let noise = GrayImage::from_fn(900, 700, |x, y| Luma([(x.wrapping_mul(31).wrapping_add(y * y * 17) % 256) as u8]));
        assert_eq!(read(&file(noise, ImageFormat::Jpeg)), [""; 0]);
    }

    #[test]
    fn a_telephone_held_upright_shows_an_upright_picture_and_nothing_of_where_it_was() {
        let wide = RgbImage::from_pixel(64, 32, Rgb([200, 30, 30]));
        let plain = file(wide, ImageFormat::Jpeg);
        // An Exif segment (JEITA CP-3451) behind the first marker: orientation 6, and a word that must not get out.
        let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0".to_vec();
        exif.extend_from_slice(b"48.8584N 2.2945E");
        let length = (exif.len() as u16 + 2).to_be_bytes();
        let tagged = [&plain[..2], &[0xff, 0xe1], &length, &exif, &plain[2..]].concat();
        let picture = Picture::decode(&tagged).expect("a picture");
        assert_eq!(picture.0.dimensions(), (32, 64));
        let shown = picture.to_jpeg();
        assert!(!shown.windows(4).any(|four| four == b"Exif" || four == b"2.29"));
        assert_eq!(Picture::decode(&shown).map(|again| again.0.dimensions()).ok(), Some((32, 64)));
    }

    #[test]
    fn what_others_see_is_no_larger_than_it_must_be() {
        let large = file(RgbImage::from_pixel(4_000, 1_000, Rgb([9, 99, 199])), ImageFormat::Png);
        let shown = Picture::decode(&Picture::decode(&large).expect("a picture").to_jpeg()).expect("a picture");
        assert_eq!(shown.0.dimensions(), (1_600, 400));
    }

    #[test]
    fn files_that_are_no_photo_are_refused_whatever_they_begin_with() {
        assert!(matches!(Picture::decode(b"<svg onload='alert(1)'/>"), Err(PictureError::Kind)));
        assert!(matches!(Picture::decode(b"GIF89a\x01\0\x01\0"), Err(PictureError::Kind)));
        assert!(matches!(Picture::decode(b""), Err(PictureError::Kind)));
        let png = file(GrayImage::new(40, 40), ImageFormat::Png);
        assert!(matches!(Picture::decode(&png[..png.len() / 2]), Err(PictureError::Broken(_))));
        let wide: ImageBuffer<Luma<u8>, _> = GrayImage::new(MOST_SIDE + 1, 1);
        assert!(matches!(Picture::decode(&file(wide, ImageFormat::Png)), Err(PictureError::TooLarge)));
        let mut bomb = file(GrayImage::new(9_000, 1), ImageFormat::Png);
        // Its header says 9,000 by 9,000 in four octets (PNG section 11.2.2); the checksum of IHDR is made to fit.
        bomb[20..24].copy_from_slice(&9_000u32.to_be_bytes());
        bomb[25] = 6;
        let sum = crc(&bomb[12..29]).to_be_bytes();
        bomb[29..33].copy_from_slice(&sum);
        assert!(matches!(Picture::decode(&bomb), Err(PictureError::TooLarge)), "324 MB of pixels in 100 octets");
    }

    fn crc(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(u32::MAX, |crc, &byte| {
            (0..8).fold(crc ^ u32::from(byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
        })
    }

    #[test]
    fn a_codes_text_reads_like_something_written() {
        for (code, told) in [
            ("4271", "4271"),
            ("https://lantern.example/orders/4271?from=label", "orders 4271 label"),
            ("https://lantern.example/", "https lantern.example"),
            ("ORDER:4271;POSTCODE=90210", "ORDER 4271 POSTCODE 90210"),
            ("{\"order\":\"4271\"}", "order 4271"),
            ("\u{1d}01\u{1d}4271\n", "01 4271"),
            ("订单号：4271", "订单号：4271"),
        ] {
            assert_eq!(words(code), told);
        }
        assert_eq!(words(&"9".repeat(5_000)).len(), MOST_CHARS);
    }
}
