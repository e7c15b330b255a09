//! A Markdown file as headings, list items and paragraphs.
//! Never keeps a mark: links and emphasis are only their words.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::{Kind, Piece};

/// The pieces in order. A heading may name its entry: `## Gift wrapping {#gift}`.
pub(super) fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut open = false;
    let mut items = 0;
    let begin = |pieces: &mut Vec<Piece>, at, kind| pieces.push(Piece { at, kind, text: String::new() });
    for (event, range) in Parser::new_ext(text, Options::ENABLE_HEADING_ATTRIBUTES).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { id, .. }) => {
                begin(&mut pieces, range.start, Kind::Heading(id.map(|id| id.to_string())));
                open = true;
            }
            Event::Start(Tag::Item) => {
                begin(&mut pieces, range.start, Kind::Item);
                items += 1;
                open = true;
            }
            Event::Start(Tag::Paragraph | Tag::CodeBlock(_)) if items == 0 => {
                begin(&mut pieces, range.start, Kind::Paragraph);
                open = true;
            }
            Event::End(TagEnd::Item) => items -= 1,
            Event::End(TagEnd::Heading(_) | TagEnd::Paragraph | TagEnd::CodeBlock) if items == 0 => open = false,
            Event::Text(words) | Event::Code(words) if open => {
                if let Some(piece) = pieces.last_mut() {
                    piece.text.push_str(&words);
                }
            }
            Event::SoftBreak | Event::HardBreak => {
                if let Some(piece) = pieces.last_mut() {
                    piece.text.push(' ');
                }
            }
            _ => {}
        }
    }
    for piece in &mut pieces {
        piece.text = piece.text.trim().to_owned();
    }
    pieces.retain(|piece| !piece.text.is_empty());
    pieces
}
