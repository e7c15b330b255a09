//! Knowledge that a company has already: Markdown, HTML and CSV files in `knowledge/`, read into entries.
//! Never rewords what it reads: it only cuts a long sentence where a speaker would breathe.

mod html;
mod learned;
mod markdown;
mod spoken;
mod table;

use std::collections::BTreeMap;
use std::path::Path;

use toml::Spanned;

use crate::talk::Language;

use super::knowledge::{Entry, is_han};
use super::source::{Fault, PackError, Source};
use super::template::Text;

pub use self::learned::Addition;

/// A piece of a document and where it begins, in bytes.
#[derive(Debug, PartialEq, Eq)]
struct Piece {
    at: usize,
    kind: Kind,
    text: String,
}

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    /// A title or question; what follows answers it. It may carry an id.
    Heading(Option<String>),
    /// One item of a list.
    Item,
    Paragraph,
}

/// An entry as far as its files have told it.
#[derive(Debug)]
struct Draft {
    id: String,
    /// Where it begins: the place of its file among all, and the byte.
    begins: (usize, usize),
    about: BTreeMap<Language, String>,
    phrasings: BTreeMap<Language, Vec<String>>,
    answer: BTreeMap<Language, String>,
    /// Its file gives it that id.
    named: bool,
}

/// The entries of all files of the folder, in the order of the files' names; none if there is no folder.
/// What names an entry already `known` adds ways to ask to it, and may say nothing else of it.
pub(super) fn read(
    folder: &Path,
    languages: &[Language],
    known: &mut [Entry],
    faults: &mut Vec<Fault>,
) -> Result<Vec<Entry>, PackError> {
    let sources = sources(folder)?;
    let mut drafts: Vec<Draft> = Vec::new();
    for (file, source) in sources.iter().enumerate() {
        let tongue = Tongue::new(source, languages);
        let read = match source.extension() {
            "md" => Ok(of_pieces(file, source, markdown::pieces(source.text()), &tongue)),
            "csv" => table::drafts(file, source, &tongue),
            _ => Ok(of_pieces(file, source, html::pieces(source.text()), &tongue)),
        };
        match read {
            Ok(read) => read.into_iter().for_each(|draft| draft.join(&mut drafts)),
            Err(fault) => faults.push(fault),
        }
    }
    drafts.retain_mut(|draft| {
        let Some(entry) = known.iter_mut().find(|entry| entry.id == draft.id) else { return draft.is_entry() };
        if !draft.answer.is_empty() {
            let at = draft.begins.1;
            faults
                .push(sources[draft.begins.0].error(at..at, format!("two entries are called {}; give one another id", draft.id)));
            return true;
        }
        for (language, more) in std::mem::take(&mut draft.phrasings) {
            entry.phrasings.entry(language).or_default().extend(more);
        }
        false
    });
    Ok(drafts.into_iter().map(|draft| draft.finish(&sources, languages, faults)).collect())
}

/// The files with knowledge in them, by name.
pub(super) fn sources(folder: &Path) -> Result<Vec<Source>, PackError> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let unreadable = |source| PackError::Unreadable { path: folder.to_owned(), source };
    let mut paths = Vec::new();
    for file in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = file.map_err(unreadable)?.path();
        if path.extension().is_some_and(|e| ["md", "csv", "html", "htm"].iter().any(|known| e == *known)) {
            paths.push(path);
        }
    }
    paths.sort();
    paths.iter().map(|path| Source::read(path)).collect()
}

/// Which language a text of a file is in: the one its name gives (`returns.zh.md`), else what its script says.
struct Tongue {
    named: Option<Language>,
    chinese: Language,
    other: Language,
}

impl Tongue {
    fn new(source: &Source, languages: &[Language]) -> Self {
        let first = languages.first().copied().unwrap_or(Language::EN);
        let named = source.stem().rsplit_once('.').and_then(|(_, tag)| tag.parse().ok());
        let chinese = languages.iter().copied().find(|l| *l == Language::ZH).unwrap_or(first);
        let other = languages.iter().copied().find(|l| *l != Language::ZH).unwrap_or(first);
        Self { named, chinese, other }
    }

    fn of(&self, text: &str) -> Language {
        self.named.unwrap_or_else(|| if text.chars().any(is_han) { self.chinese } else { self.other })
    }
}

impl Draft {
    fn new(id: String, begins: (usize, usize)) -> Self {
        Self { id, begins, about: BTreeMap::new(), phrasings: BTreeMap::new(), answer: BTreeMap::new(), named: false }
    }

    /// A heading with nothing below is a title.
    fn is_entry(&self) -> bool {
        !self.answer.is_empty() || self.phrasings.values().map(Vec::len).sum::<usize>() > self.about.len()
    }

    fn phrasing(&mut self, tongue: &Tongue, text: &str) {
        self.phrasings.entry(tongue.of(text)).or_default().push(text.to_owned());
    }

    fn answer(&mut self, language: Language, text: &str) {
        let answer = self.answer.entry(language).or_default();
        answer.push_str(if answer.is_empty() { "" } else { " " });
        answer.push_str(&spoken::shortened(text));
    }

    /// Adds it to an entry of the same id, or as one more.
    fn join(self, drafts: &mut Vec<Self>) {
        let Some(known) = drafts.iter_mut().find(|draft| draft.id == self.id) else { return drafts.push(self) };
        for (language, text) in self.about {
            known.about.entry(language).or_insert(text);
        }
        for (language, more) in self.phrasings {
            known.phrasings.entry(language).or_default().extend(more);
        }
        for (language, text) in self.answer {
            known.answer(language, &text);
        }
    }

    fn finish(mut self, sources: &[Source], languages: &[Language], faults: &mut Vec<Fault>) -> Entry {
        let (source, at) = (&sources[self.begins.0], self.begins.1);
        for language in languages {
            let first = self.phrasings.get(language).and_then(|all| all.first()).cloned();
            match first {
                Some(first) => drop(self.about.entry(*language).or_insert(first)),
                None => {
                    faults.push(source.error(
                        at..at,
                        format!("{} has no phrasings in {language}; add a list of some under its heading", self.id),
                    ))
                }
            }
            if !self.answer.contains_key(language) {
                faults.push(source.error(at..at, format!("{} has no answer in {language}; add a paragraph", self.id)));
            }
        }
        let mut text = |texts: BTreeMap<Language, String>| {
            let told: Vec<Language> = texts.keys().copied().collect();
            Text::check(&Spanned::new(at..at, texts), &told, source, faults)
        };
        Entry { about: text(self.about), answer: text(self.answer), phrasings: self.phrasings, id: self.id }
    }
}

/// An entry a heading: a list right below are ways to ask, what follows is the answer. A heading with nothing below is a title.
fn of_pieces(file: usize, source: &Source, pieces: Vec<Piece>, tongue: &Tongue) -> Vec<Draft> {
    let mut drafts: Vec<Draft> = Vec::new();
    for Piece { at, kind, text } in pieces {
        match (kind, drafts.last_mut()) {
            (Kind::Heading(id), _) => {
                let named = id.is_some();
                let mut draft = Draft { named, ..Draft::new(id.unwrap_or_else(|| slug(&text)), (file, at)) };
                for title in text.split(" / ").flat_map(|part| part.split(" | ")) {
                    draft.phrasing(tongue, title.trim());
                    draft.about.insert(tongue.of(title), title.trim().trim_end_matches(['?', '？', '。', '.']).to_owned());
                }
                drafts.push(draft);
            }
            (Kind::Item, Some(draft)) if draft.answer.is_empty() => draft.phrasing(tongue, &text),
            (Kind::Item | Kind::Paragraph, Some(draft)) => draft.answer(tongue.of(&text), &text),
            (Kind::Item | Kind::Paragraph, None) => {
                let mut draft = Draft::new(slug(source.stem()), (file, at));
                draft.answer(tongue.of(&text), &text);
                drafts.push(draft);
            }
        }
    }
    drafts.retain(|draft| draft.named || draft.is_entry());
    drafts
}

/// A title as an id: letters and digits in lower case, joined by hyphens.
fn slug(text: &str) -> String {
    let lower = text.to_lowercase();
    lower.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: &[Language] = &[Language::EN, Language::ZH];

    #[track_caller]
    fn read_files(files: &[(&str, &str)]) -> (Vec<Entry>, Vec<String>) {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).expect("written");
        }
        let mut faults = Vec::new();
        let entries = read(folder.path(), BOTH, &mut [], &mut faults).expect("readable");
        let name = format!("{}/", folder.path().display());
        (entries, faults.iter().map(|fault| fault.to_string().replace(&name, "")).collect())
    }

    const GIFTS: &str = "# Presents\n\n## Gift wrapping / 礼品包装 {#gift}\n\n- Do you *wrap* presents?\n- 可以包装礼物吗？\n\n\
        We wrap it for [3 dollars](https://a.example).\nYou choose the paper.\n\n礼品包装3元。\n";

    #[test]
    fn one_markdown_file_holds_both_languages() {
        let (entries, faults) = read_files(&[("gifts.md", GIFTS)]);
        assert_eq!(faults, Vec::<String>::new());
        let [entry] = entries.as_slice() else { panic!("{entries:?}") };
        assert_eq!(entry.id, "gift");
        assert_eq!(entry.phrasings[&Language::EN], ["Gift wrapping", "Do you wrap presents?"]);
        assert_eq!(entry.phrasings[&Language::ZH], ["礼品包装", "可以包装礼物吗？"]);
        assert_eq!(entry.about.template(Language::ZH), Some("礼品包装"));
        assert_eq!(entry.answer.template(Language::EN), Some("We wrap it for 3 dollars. You choose the paper."));
        assert_eq!(entry.answer.template(Language::ZH), Some("礼品包装3元。"));
    }

    #[test]
    fn web_pages_and_tables_give_entries_too() {
        let page = "<html><head><title>Shop</title><style>p{}</style></head><body><nav>Home</nav>\
            <h2 id=parking>Where can I park?</h2><p>Behind the shop&nbsp;and in <b>Mill Lane</b>.</p><script>x</script>\
            <h2 id='parking'>在哪里停车？</h2><p>店后面可以停车。</p></body></html>";
        let table = "id,question,answer,language\nfax,\"Do you have a fax, or telex?\",\"No, neither.\",en\nfax,is there a fax,,en\nfax,有传真吗,没有。,zh\n";
        let (entries, faults) = read_files(&[("a.html", page), ("b.csv", table)]);
        assert_eq!(faults, Vec::<String>::new());
        let ids: Vec<&str> = entries.iter().map(|entry| entry.id.as_str()).collect();
        assert_eq!(ids, ["parking", "fax"]);
        assert_eq!(entries[0].answer.template(Language::EN), Some("Behind the shop and in Mill Lane."));
        assert_eq!(entries[1].phrasings[&Language::EN], ["Do you have a fax, or telex?", "is there a fax"]);
        assert_eq!(entries[1].answer.template(Language::ZH), Some("没有。"));
    }

    #[test]
    fn a_file_a_language_meets_in_one_entry() {
        let (entries, faults) = read_files(&[
            ("keys.en.md", "# Keys {#keys}\n\nWe cut keys.\n"),
            ("keys.zh.md", "# 配钥匙 {#keys}\n\n可以配钥匙。\n"),
        ]);
        assert_eq!((entries.len(), faults), (1, Vec::new()));
    }

    #[test]
    fn a_section_without_an_answer_adds_ways_to_ask_to_an_entry_that_is_there() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("learned.md"), "# Learnt\n\n## got any fax {#fax}\n").expect("written");
        let phrasings = BTreeMap::from([(Language::EN, vec!["is there a fax".to_owned()])]);
        let mut known = [Entry { id: "fax".to_owned(), about: Text::default(), answer: Text::default(), phrasings }];
        let mut faults = Vec::new();
        let entries = read(folder.path(), BOTH, &mut known, &mut faults).expect("readable");
        assert_eq!((entries.len(), faults.len()), (0, 0));
        assert_eq!(known[0].phrasings[&Language::EN], ["is there a fax", "got any fax"]);
    }

    #[test]
    fn what_is_wrong_stands_with_file_and_line() {
        let (_, faults) =
            read_files(&[("a.md", "# Title\n\n# Hours\n\nOpen all day, see https://a.example.\n"), ("b.csv", "question\nwhy\n")]);
        assert_eq!(faults.len(), 4, "{faults:#?}");
        assert_eq!(
            faults[0],
            "b.csv:1: a table of knowledge has the columns question and answer, and may have language, id and about"
        );
        assert!(faults[1..].iter().all(|fault| fault.starts_with("a.md:3: ")), "{faults:#?}");
        assert!(faults.iter().any(|fault| fault.contains("hours has no answer in zh")), "{faults:#?}");
        assert!(faults.iter().any(|fault| fault.contains("web address")), "{faults:#?}");
    }
}
