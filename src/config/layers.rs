//! Lays the environment over a file and reads both into one value, collecting every mistake on the way.
//! Never stops at the first: what is wrong is told, taken out, and the rest is read again.

use std::ops::Range;
use std::path::Path;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer, Error};

use super::error::{Place, Problem, explain, line_of};

const PREFIX: &str = "HOTLINE_";

/// Variables that scripts set, and the keys they stand for.
pub const SHORT_NAMES: [(&str, &str); 3] =
    [("HOTLINE_DATA", "store.data"), ("HOTLINE_PACK", "pack"), ("HOTLINE_OFFLINE", "offline")];

type Table<'a> = DeTable<'a>;

/// The file, and what the environment says instead.
struct Layers<'a> {
    path: &'a Path,
    text: &'a str,
    file: Table<'a>,
    variables: Vec<Variable>,
    problems: Vec<Problem>,
}

/// A variable of the environment as a line of TOML.
struct Variable {
    name: String,
    /// Ways to read its value, the first that fits counts: as TOML, as text, as a list of texts.
    forms: Vec<String>,
    form: usize,
    /// What was wrong with the first way.
    first: Option<String>,
    /// Bytes that its line occupies behind the file, so that a span says whose it is.
    place: Range<usize>,
}

/// The value of `text` with the environment laid over it, or every mistake in them.
pub(super) fn read<T: DeserializeOwned>(
    path: &Path,
    text: &str,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<T, Vec<Problem>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        return Err(errors.iter().map(|error| syntax(path, text, error)).collect());
    }
    let variables = variables(environment, text.len() + 1);
    let mut layers = Layers { path, text, file: table.into_inner(), variables, problems: Vec::new() };
    loop {
        match layers.deserialize::<T>() {
            Ok(value) if layers.problems.is_empty() => return Ok(value),
            Ok(_) => return Err(layers.problems),
            Err(error) if layers.take_out(&error) => {}
            Err(_) => return Err(layers.problems),
        }
    }
}

impl Layers<'_> {
    fn deserialize<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let lines: Vec<String> = self.variables.iter().map(Variable::line).collect();
        let mut merged = self.file.clone();
        for line in &lines {
            merge(&mut merged, DeTable::parse(line)?.into_inner());
        }
        T::deserialize(Deserializer::from(Spanned::new(0..self.text.len(), merged)))
    }

    /// Notes an error and takes its cause out, so that the next one can be found; false if the cause cannot be found.
    fn take_out(&mut self, error: &Error) -> bool {
        let span = error.span().unwrap_or_default();
        if let Some(i) = self.variables.iter().position(|v| v.place.contains(&span.start)) {
            self.take_out_variable(i, error.message());
            return true;
        }
        let (what, fix) = explain(error.message());
        let key = remove_at(&mut self.file, span.start);
        let what = match &key {
            Some(key) if !what.contains(key.as_str()) => format!("{key}: {what}"),
            Some(_) | None => what,
        };
        self.problems.push(Problem { place: line_of(self.path, self.text, span), what, fix });
        key.is_some()
    }

    fn take_out_variable(&mut self, i: usize, message: &str) {
        let variable = &mut self.variables[i];
        let first = variable.first.get_or_insert_with(|| message.to_owned());
        if variable.form + 1 < variable.forms.len() && !message.starts_with("unknown field") {
            variable.form += 1;
            return;
        }
        let (what, fix) = explain(first);
        let Variable { name, .. } = self.variables.remove(i);
        self.problems.push(Problem { place: Place::Variable(name), what, fix });
    }
}

impl Variable {
    fn line(&self) -> String {
        format!("{:width$}{}", "", self.forms[self.form], width = self.place.start)
    }
}

/// The variables that concern us, placed one behind another from byte `start` on.
fn variables(environment: impl IntoIterator<Item = (String, String)>, mut start: usize) -> Vec<Variable> {
    let mut ours: Vec<_> =
        environment.into_iter().filter(|(name, value)| name.starts_with(PREFIX) && !value.is_empty()).collect();
    ours.sort_unstable();
    ours.into_iter()
        .filter_map(|(name, value)| {
            let key = key_of(&name)?;
            let forms: Vec<_> = forms(&name, &value).into_iter().map(|form| format!("{key} = {form}")).collect();
            let length = forms.iter().map(String::len).max().unwrap_or_default() + 1;
            let place = start..start + length;
            start += length;
            Some(Variable { name, forms, form: 0, first: None, place })
        })
        .collect()
}

/// The dotted key a variable stands for; `None` if it is not for the configuration (`HOTLINE_LOG`).
fn key_of(name: &str) -> Option<String> {
    if let Some((_, key)) = SHORT_NAMES.iter().find(|(short, _)| *short == name) {
        return Some((*key).to_owned());
    }
    let path = name.strip_prefix(PREFIX).filter(|rest| rest.contains("__"))?;
    Some(path.split("__").map(|part| quoted(&part.to_lowercase())).collect::<Vec<_>>().join("."))
}

fn forms(name: &str, value: &str) -> Vec<String> {
    if name == "HOTLINE_OFFLINE" {
        return vec![(!matches!(value, "0" | "false" | "no")).to_string()];
    }
    let list: Vec<_> = value.split(',').map(|item| quoted(item.trim())).collect();
    let plain = !value.contains(['\n', '\r']) && DeValue::parse(value).is_ok();
    plain.then(|| value.to_owned()).into_iter().chain([quoted(value), format!("[{}]", list.join(", "))]).collect()
}

/// Text as a TOML string: a JSON string is one.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

/// Lays one table over another, key by key.
fn merge<'a>(under: &mut Table<'a>, over: Table<'a>) {
    for (key, value) in over {
        let span = value.span();
        match (under.get_mut(key.get_ref().as_ref()).map(Spanned::get_mut), value.into_inner()) {
            (Some(DeValue::Table(under)), DeValue::Table(over)) => merge(under, over),
            (_, value) => {
                under.remove(key.get_ref().as_ref());
                under.insert(key, Spanned::new(span, value));
            }
        }
    }
}

/// Takes out the innermost entry that stands at this byte, and says its key.
fn remove_at(table: &mut Table<'_>, at: usize) -> Option<String> {
    let (key, value) = table.iter_mut().find(|(key, value)| key.span().contains(&at) || touches(value, at))?;
    let name = key.get_ref().to_string();
    if !key.span().contains(&at)
        && let DeValue::Table(inner) = value.get_mut()
        && let Some(inner) = remove_at(inner, at)
    {
        return Some(inner);
    }
    table.remove(name.as_str());
    Some(name)
}

/// Whether a value, or anything in it, stands at this byte.
fn touches(value: &Spanned<DeValue<'_>>, at: usize) -> bool {
    value.span().contains(&at)
        || match value.get_ref() {
            DeValue::Table(table) => table.iter().any(|(key, value)| key.span().contains(&at) || touches(value, at)),
            DeValue::Array(array) => array.iter().any(|value| touches(value, at)),
            DeValue::String(_) | DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => false,
        }
}

fn syntax(path: &Path, text: &str, error: &Error) -> Problem {
    let place = line_of(path, text, error.span().unwrap_or_default());
    let what = error.message().replace('\n', " ");
    Problem { place, what, fix: "write `key = value`, text in double quotes, sections as [name]".to_owned() }
}
