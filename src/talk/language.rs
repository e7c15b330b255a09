//! A language, by its ISO 639 code.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A language: the primary subtag of a BCP 47 tag (`en`, `zh`, `yue`). Regions are left out.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Language([u8; 3]);

/// The text is no language tag.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{0:?} is no language tag; write for example en, zh or fr")]
pub struct NoLanguage(pub String);

impl Language {
    /// English.
    pub const EN: Self = Self(*b"en\0");
    /// Chinese (Mandarin).
    pub const ZH: Self = Self(*b"zh\0");

    /// Whether pitch tells its words apart (Chinese, Vietnamese, Thai and their like).
    pub fn is_tonal(self) -> bool {
        ["zh", "yue", "vi", "th", "lo", "my", "bo", "yo", "ig"].contains(&self.code())
    }

    /// The code in lower case.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).expect("only ASCII is stored").trim_end_matches('\0')
    }
}

impl FromStr for Language {
    type Err = NoLanguage;

    /// Reads `en`, `en-US`, `zh_CN`, `cmn` (as `zh`).
    fn from_str(tag: &str) -> Result<Self, NoLanguage> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
        if primary == "cmn" {
            return Ok(Self::ZH);
        }
        let mut code = [0; 3];
        match primary.as_bytes() {
            bytes @ ([_, _] | [_, _, _]) if bytes.iter().all(u8::is_ascii_lowercase) => {
                code[..bytes.len()].copy_from_slice(bytes);
                Ok(Self(code))
            }
            _ => Err(NoLanguage(tag.to_owned())),
        }
    }
}

impl TryFrom<String> for Language {
    type Error = NoLanguage;
    fn try_from(tag: String) -> Result<Self, NoLanguage> {
        tag.parse()
    }
}

impl From<Language> for String {
    fn from(language: Language) -> Self {
        language.code().to_owned()
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_lose_their_region() {
        assert_eq!("zh-Hans-CN".parse(), Ok(Language::ZH));
        assert_eq!("EN_us".parse(), Ok(Language::EN));
        assert_eq!("cmn".parse(), Ok(Language::ZH));
        assert!("klingon".parse::<Language>().is_err());
    }
}
