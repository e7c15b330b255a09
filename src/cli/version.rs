//! `hotline version`: which build this is, what it can do, and under which licence this binary may be given away.
//! Never answers from memory: features and licence are those compiled in.

use serde_json::json;

/// Arguments of `hotline version`.
#[derive(Debug, clap::Args)]
pub struct VersionArgs {
    /// The licence of this binary and of everything in it
    #[arg(long)]
    licences: bool,
    /// One JSON object instead of text
    #[arg(long)]
    json: bool,
}

/// What this binary is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// Version of the package.
    pub version: &'static str,
    /// Commit, where `make` built it.
    pub commit: &'static str,
    /// Features compiled in.
    pub features: Vec<&'static str>,
    /// SPDX expression for this binary.
    pub licence: &'static str,
    /// Why it is that licence.
    pub reason: &'static str,
}

const FEATURES: [(&str, bool); 9] = [
    ("sphinx", cfg!(feature = "sphinx")),
    ("flite", cfg!(feature = "flite")),
    ("whisper", cfg!(feature = "whisper")),
    ("openai", cfg!(feature = "openai")),
    ("sip", cfg!(feature = "sip")),
    ("web", cfg!(feature = "web")),
    ("mic", cfg!(feature = "mic")),
    ("espeak", cfg!(feature = "espeak")),
    ("piper", cfg!(feature = "piper")),
];

const THIRD_PARTY: &str = include_str!("../../THIRD_PARTY.md");

impl Build {
    /// This binary.
    pub fn this() -> Self {
        let (licence, reason) = licence(cfg!(any(feature = "espeak", feature = "piper")));
        Self {
            version: env!("CARGO_PKG_VERSION"),
            commit: option_env!("HOTLINE_COMMIT").unwrap_or("unknown"),
            features: FEATURES.into_iter().filter(|(_, on)| *on).map(|(name, _)| name).collect(),
            licence,
            reason,
        }
    }
}

/// Prints what `args` ask for.
pub fn run(args: &VersionArgs) {
    let build = Build::this();
    if args.json {
        println!("{}", answer(&build, args.licences));
        return;
    }
    println!("hotline {} (commit {})", build.version, build.commit);
    println!("features: {}", build.features.join(" "));
    println!("licence of this binary: {} ({})", build.licence, build.reason);
    if args.licences {
        println!("licence of Hotline's own source: {}\n", env!("CARGO_PKG_LICENSE"));
        for part in third_party() {
            println!("{:22} {:44} {:12} {}", part.name, part.licence, part.feature, part.how);
        }
        println!("\nThe Rust crates and their licences: THIRD_PARTY.md and `cargo deny list`.");
    }
}

fn answer(build: &Build, licences: bool) -> serde_json::Value {
    let mut answer = json!({
        "version": build.version, "commit": build.commit, "features": build.features,
        "licence": build.licence, "reason": build.reason, "source_licence": env!("CARGO_PKG_LICENSE"),
    });
    if licences {
        let parts = third_party().map(|p| json!({ "name": p.name, "licence": p.licence, "feature": p.feature, "how": p.how }));
        answer["third_party"] = parts.collect();
    }
    answer
}

const fn licence(has_espeak: bool) -> (&'static str, &'static str) {
    if has_espeak {
        ("GPL-3.0-or-later", "espeak-ng is linked in; build with --no-default-features --features permissive to leave it out")
    } else {
        ("MIT OR Apache-2.0", "neither espeak nor piper is in, so nothing under the GPL is linked")
    }
}

/// One row of THIRD_PARTY.md.
struct Part<'a> {
    name: &'a str,
    licence: &'a str,
    feature: &'a str,
    how: &'a str,
}

/// The rows whose feature is compiled in.
fn third_party() -> impl Iterator<Item = Part<'static>> {
    let rows = THIRD_PARTY.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| what"));
    let parts = rows.filter_map(|row| {
        let mut cells = row.trim_matches('|').split('|').map(str::trim);
        Some(Part { name: cells.next()?, licence: cells.next()?, feature: cells.next()?, how: cells.next()? })
    });
    parts.filter(|part| part.feature == "all" || FEATURES.iter().any(|(name, on)| *on && part.feature.contains(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binary_with_espeak_is_gpl_and_one_without_is_not() {
        assert_eq!(licence(true).0, "GPL-3.0-or-later");
        assert_eq!(licence(false).0, "MIT OR Apache-2.0");
        let espeak = Build::this().features.iter().any(|f| matches!(*f, "espeak" | "piper"));
        assert_eq!(Build::this().licence == "GPL-3.0-or-later", espeak);
    }

    #[test]
    fn espeak_is_listed_exactly_when_it_is_in() {
        assert_eq!(third_party().any(|p| p.name.contains("espeak-ng")), cfg!(feature = "espeak"));
        assert_eq!(third_party().any(|p| p.name == "whisper.cpp"), cfg!(feature = "whisper"));
        assert!(third_party().all(|p| !p.licence.is_empty() && !p.how.is_empty()));
    }
}
