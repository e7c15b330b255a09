//! A web page as headings, list items and paragraphs.
//! Never shows what a reader does not see: scripts, styles, menus and the page's head but its title.

use html5gum::{DefaultEmitter, Token, Tokenizer};

use super::{Kind, Piece};

/// What stands in these is no knowledge.
const UNREAD: &[&str] = &["script", "style", "nav", "header", "footer", "template", "noscript", "svg", "form", "button", "aside"];
/// Elements that begin a piece of their own.
const BLOCKS: &[&str] = &[
    "p",
    "div",
    "section",
    "article",
    "main",
    "body",
    "table",
    "tr",
    "td",
    "th",
    "blockquote",
    "pre",
    "ul",
    "ol",
    "dl",
    "dd",
    "details",
];

/// The pieces in order. Headings are `title`, `h1` to `h3`, `summary` and `dt`; their `id` names the entry.
pub(super) fn pieces(text: &str) -> Vec<Piece> {
    let mut emitter = DefaultEmitter::<usize>::new_with_span();
    emitter.naively_switch_states(true);
    let mut pieces = vec![Piece { at: 0, kind: Kind::Paragraph, text: String::new() }];
    let mut unread: Vec<String> = Vec::new();
    for Ok(token) in Tokenizer::new_with_emitter(text, emitter) {
        match token {
            Token::StartTag(tag) => {
                let name = String::from_utf8_lossy(&tag.name).into_owned();
                if UNREAD.contains(&name.as_str()) && !tag.self_closing {
                    unread.push(name);
                    continue;
                }
                let id = tag.attributes.get("id".as_bytes()).map(|id| String::from_utf8_lossy(id).into_owned());
                match kind(&name, id) {
                    Some(kind) => pieces.push(Piece { at: tag.span.start, kind, text: String::new() }),
                    None => space(&mut pieces, name == "br"),
                }
            }
            Token::EndTag(tag) => {
                let name = String::from_utf8_lossy(&tag.name).into_owned();
                if let Some(depth) = unread.iter().rposition(|open| *open == name) {
                    unread.truncate(depth);
                } else if kind(&name, None).is_some() {
                    pieces.push(Piece { at: tag.span.end, kind: Kind::Paragraph, text: String::new() });
                }
            }
            Token::String(words) if unread.is_empty() => {
                if let Some(piece) = pieces.last_mut() {
                    piece.text.push_str(&String::from_utf8_lossy(&words));
                }
            }
            Token::String(_) | Token::Comment(_) | Token::Doctype(_) | Token::Error(_) => {}
        }
    }
    for piece in &mut pieces {
        piece.text = piece.text.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    pieces.retain(|piece| !piece.text.is_empty());
    pieces
}

fn kind(name: &str, id: Option<String>) -> Option<Kind> {
    match name {
        "title" | "h1" | "h2" | "h3" | "summary" | "dt" => Some(Kind::Heading(id)),
        "li" => Some(Kind::Item),
        name if BLOCKS.contains(&name) || name.starts_with('h') && name.len() == 2 => Some(Kind::Paragraph),
        _ => None,
    }
}

fn space(pieces: &mut [Piece], breaks: bool) {
    if let Some(piece) = pieces.last_mut().filter(|_| breaks) {
        piece.text.push(' ');
    }
}
