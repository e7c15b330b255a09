//! A company's rules that are plain values (`policy.toml`): texts, branches and tool arguments read them as `policy.NAME`.
//! Never holds a nested value: a rule is one number, one word, or a yes or no.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value};
use toml::Spanned;

use super::source::{Fault, PackError, Source};
use super::tool::identifier_ok;

/// The name under which rules are read.
pub(super) const POLICY: &str = "policy";

/// Reads `policy.toml`; a pack without one has no such rules.
pub(super) fn read(folder: &Path, faults: &mut Vec<Fault>) -> Result<Map<String, Value>, PackError> {
    let path = folder.join("policy.toml");
    if !path.exists() {
        return Ok(Map::new());
    }
    let source = Source::read(&path)?;
    let raw: BTreeMap<Spanned<String>, Value> = match source.parse() {
        Ok(raw) => raw,
        Err(fault) => {
            faults.push(fault);
            return Ok(Map::new());
        }
    };
    for (name, value) in &raw {
        if !identifier_ok(name.get_ref()) || value.is_object() || value.is_array() {
            let what = format!("{} is no rule; write NAME = a number, a text in quotes, true or false", name.get_ref());
            faults.push(source.error(name.span(), what));
        }
    }
    Ok(raw.into_iter().map(|(name, value)| (name.into_inner(), value)).collect())
}
