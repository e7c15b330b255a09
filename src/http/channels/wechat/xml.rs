//! WeChat's flat XML: the fields of a message in, a text reply out.
//! Never follows an entity or a document type, and never reads deeper or more than a message needs.

use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;
use thiserror::Error;

/// Deepest nesting of a message that is documented, and one more.
const DEEPEST: usize = 4;
/// Most fields that a message has, and some.
const MOST: usize = 64;

/// The text is no message.
#[derive(Debug, Error)]
pub(super) enum XmlError {
    /// It is no XML.
    #[error("no XML: {0}")]
    Broken(#[from] quick_xml::Error),
    /// It names an entity, or has a document type, or is larger or deeper than a message is.
    #[error("no message of WeChat's: {0}")]
    Foreign(&'static str),
}

/// The fields of a message: what stands directly below its root.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Fields(BTreeMap<String, String>);

impl Fields {
    /// Reads a message.
    pub(super) fn read(xml: &str) -> Result<Self, XmlError> {
        let (mut reader, mut fields, mut path) = (Reader::from_str(xml), Self::default(), Vec::new());
        loop {
            match reader.read_event()? {
                Event::Start(tag) if path.len() < DEEPEST => path.push(tag.name().as_ref().to_owned()),
                Event::Start(_) => return Err(XmlError::Foreign("it is too deep")),
                Event::End(_) => drop(path.pop()),
                Event::Text(text) => fields.add(&path, &text.xml10_content())?,
                Event::CData(text) => fields.add(&path, &text.xml10_content())?,
                Event::GeneralRef(name) => {
                    let sign = name.resolve_char_ref()?.map(String::from);
                    let sign = sign.or_else(|| resolve_predefined_entity(&name).map(str::to_owned));
                    fields.add(&path, &sign.ok_or(XmlError::Foreign("it names an entity"))?)?;
                }
                Event::DocType(_) => return Err(XmlError::Foreign("it has a document type")),
                Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
                Event::Eof if path.is_empty() => return Ok(fields),
                Event::Eof => return Err(XmlError::Foreign("it is cut off")),
            }
        }
    }

    /// A field's text without blanks around it; none where there is nothing in it.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|text| text.trim()).filter(|text| !text.is_empty())
    }

    fn add(&mut self, path: &[String], text: &str) -> Result<(), XmlError> {
        let [_root, name] = path else { return Ok(()) };
        if self.0.len() == MOST && !self.0.contains_key(name) {
            return Err(XmlError::Foreign("it has too many fields"));
        }
        self.0.entry(name.clone()).or_default().push_str(text);
        Ok(())
    }
}

/// The XML of a message with these fields, each in a CDATA section.
pub(super) fn write(fields: &[(&str, &str)]) -> String {
    let field = |(name, text): &(&str, &str)| format!("<{name}><![CDATA[{}]]></{name}>", text.replace("]]>", "]]]]><![CDATA[>"));
    format!("<xml>{}</xml>", fields.iter().map(field).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_as_they_were_written_and_nested_ones_are_passed_over() {
        let xml = "<xml><Content><![CDATA[a < b & c]]></Content><MsgId>42</MsgId>\n<Say> tea &amp; &#20320;&#x597d; </Say>\
                   <ScanCodeInfo><ScanType>qrcode</ScanType></ScanCodeInfo><Empty/></xml>";
        let fields = Fields::read(xml).expect("a message");
        let expected = [("Content", "a < b & c"), ("MsgId", "42"), ("Say", "tea & 你好")];
        for (name, text) in expected {
            assert_eq!(fields.text(name), Some(text));
        }
        assert!(fields.text("ScanType").is_none() && fields.text("Empty").is_none());
        let written = write(&[("Content", "]]> and <b>"), ("MsgType", "text")]);
        assert_eq!(Fields::read(&written).expect("a message").text("Content"), Some("]]> and <b>"));
    }

    #[test]
    fn entities_types_depth_and_size_are_refused() {
        let many: String = (0..=MOST).map(|n| format!("<f{n}>x</f{n}>")).collect();
        for wrong in [
            "<!DOCTYPE xml [<!ENTITY a \"aaaa\">]><xml><Content>&a;</Content></xml>",
            "<xml><Content>&file;</Content></xml>",
            "<a><b><c><d><e>x</e></d></c></b></a>",
            "<xml><Content>x</xml>",
            "<xml><Content>x</Content>",
            &format!("<xml>{many}</xml>"),
        ] {
            assert!(Fields::read(wrong).is_err(), "{wrong}");
        }
    }
}
