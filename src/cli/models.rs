//! `hotline models`: what is known, what is there, what is whole; and the pull of what is missing.
//! Never pulls a hundred megabytes unasked, and never hides where bytes and digests come from.

use std::fmt;
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::store::weights::{Condition, Patience, Progress, Shelf, Sources, Trust, Weights, WeightsError, catalogue};

/// From this size on a pull asks first.
const ASK_FROM_BYTES: u64 = 100_000_000;

/// Arguments of `hotline models`.
#[derive(Debug, clap::Args)]
pub struct ModelsArgs {
    #[command(subcommand)]
    command: Command,
    /// Folder that holds the weights (models/ and voices/ inside)
    #[arg(long, env = "HOTLINE_DATA", default_value = "hotline-data", global = true)]
    data: PathBuf,
    /// One JSON object a line instead of text
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// What can be pulled: size, licence, and whether it is there
    List,
    /// Pull the named weights, or the default ones
    Pull {
        /// Names as `list` shows them
        names: Vec<String>,
        /// Do not ask before a big pull
        #[arg(long)]
        yes: bool,
        /// Trust files without a published digest once, and pin what came
        #[arg(long)]
        trust_first: bool,
    },
    /// Read what is there and compare sizes and digests
    Verify,
}

/// What a pull came to; its text is one line.
#[derive(Debug, Default)]
pub struct PullSummary {
    /// Entries pulled now.
    pub pulled: Vec<String>,
    /// Why nothing was tried.
    pub skipped: Option<String>,
    /// Entries that could not be pulled, with the reason.
    pub failed: Vec<(String, WeightsError)>,
}

impl fmt::Display for PullSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(why) = &self.skipped {
            return write!(f, "weights: {why}");
        }
        match (self.pulled.is_empty(), self.failed.first()) {
            (true, None) => write!(f, "weights: all there"),
            (false, None) => write!(f, "weights: pulled {}", self.pulled.join(", ")),
            (_, Some((name, error))) => write!(f, "weights: {name} is not there: {error}"),
        }
    }
}

/// Runs `hotline models`.
///
/// # Errors
/// When the data folder cannot be read, a name is unknown, or TLS cannot be set up.
pub async fn run(args: ModelsArgs) -> anyhow::Result<ExitCode> {
    let shelf = Shelf::new(&args.data, Sources::from_env(), Patience::default())?;
    match args.command {
        Command::List => list(&shelf, args.json),
        Command::Verify => verify(&shelf, args.json),
        Command::Pull { names, yes, trust_first } => {
            let all = catalogue();
            let wanted = chosen(&all, &names)?;
            let trust = if trust_first { Trust::First } else { Trust::PublishedOnly };
            let summary = pull(&shelf, &wanted, (yes, trust)).await;
            report(&summary, args.json);
            // Who names weights needs them; who names none takes what can be had.
            let done = summary.failed.is_empty() && (names.is_empty() || summary.skipped.is_none());
            Ok(if done { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
    }
}

/// Pulls the default weights into `data`, for `hotline demo`: asks before a big pull unless `yes`, and where the hub
/// cannot be reached says so in the summary, so that the caller goes on with the embedded engines.
///
/// # Errors
/// [`WeightsError::Client`] when TLS cannot be set up.
pub async fn pull_defaults(data: &Path, yes: bool) -> Result<PullSummary, WeightsError> {
    let shelf = Shelf::new(data, Sources::from_env(), Patience::default())?;
    let all = catalogue();
    let wanted: Vec<_> = all.iter().filter(|w| w.default).collect();
    Ok(pull(&shelf, &wanted, (yes, Trust::PublishedOnly)).await)
}

fn chosen<'a>(all: &'a [Weights], names: &[String]) -> anyhow::Result<Vec<&'a Weights>> {
    if names.is_empty() {
        return Ok(all.iter().filter(|w| w.default).collect());
    }
    let known = || all.iter().map(|w| w.name.as_str());
    let find = |name: &String| {
        all.iter().find(|w| w.name.as_str() == name).ok_or_else(|| {
            let near = known().max_by(|a, b| strsim::jaro(a, name).total_cmp(&strsim::jaro(b, name))).unwrap_or_default();
            anyhow::anyhow!("no weights are called `{name}`; did you mean `{near}`? (`hotline models list` names all)")
        })
    };
    names.iter().map(find).collect()
}

async fn pull(shelf: &Shelf, wanted: &[&Weights], (yes, trust): (bool, Trust)) -> PullSummary {
    let missing: Vec<_> = wanted.iter().copied().filter(|w| !shelf.has(w)).collect();
    if missing.is_empty() {
        return PullSummary::default();
    }
    let skip = |why: String| PullSummary { skipped: Some(why), ..PullSummary::default() };
    if std::env::var("HOTLINE_OFFLINE").is_ok_and(|value| !matches!(value.as_str(), "" | "0")) {
        return skip("HOTLINE_OFFLINE is set, nothing was pulled".to_owned());
    }
    if let Some(base) = shelf.unreachable(&missing).await.first() {
        return skip(format!("{base} cannot be reached (3 s), going on without"));
    }
    let bytes = missing.iter().map(|w| shelf.missing_bytes(w)).sum();
    let sizes: Vec<_> = missing.iter().map(|w| format!("{} {}", w.name, megabytes(w.bytes()))).collect();
    eprintln!("weights: {}", sizes.join(", "));
    if bytes >= ASK_FROM_BYTES && !yes && !agreed(bytes) {
        return skip(format!("{} not pulled; `hotline models pull --yes` pulls without asking", megabytes(bytes)));
    }
    pull_missing(shelf, &missing, trust).await
}

async fn pull_missing(shelf: &Shelf, missing: &[&Weights], trust: Trust) -> PullSummary {
    let mut summary = PullSummary::default();
    let style = ProgressStyle::with_template("{msg:32} {bar:30} {bytes:>10}/{total_bytes:10} {bytes_per_sec:>12} {eta:>4}")
        .expect("the template is a constant that a test renders");
    for weights in missing {
        let bar = ProgressBar::no_length().with_style(style.clone());
        let mut heard = |progress: Progress<'_>| {
            bar.set_message(progress.file.to_owned());
            bar.set_length(progress.total);
            bar.set_position(progress.so_far);
        };
        let pulled = shelf.pull(weights, trust, &mut heard).await;
        bar.finish_and_clear();
        match pulled {
            Ok(files) => {
                for file in files.iter().filter(|f| f.pinned) {
                    eprintln!("weights: pinned {} as {}", file.path.display(), file.digest);
                }
                summary.pulled.push(weights.name.to_string());
            }
            Err(error) => summary.failed.push((weights.name.to_string(), error)),
        }
    }
    summary
}

/// Asks at the terminal; without one the answer is no.
fn agreed(bytes: u64) -> bool {
    let mut line = String::new();
    if !std::io::stdin().is_terminal() {
        return false;
    }
    eprint!("pull {}? [y/N] ", megabytes(bytes));
    std::io::stderr().flush().is_ok()
        && std::io::stdin().lock().read_line(&mut line).is_ok()
        && matches!(line.trim(), "y" | "Y" | "yes")
}

fn report(summary: &PullSummary, as_json: bool) {
    if as_json {
        let failed: Vec<_> = summary.failed.iter().map(|(name, e)| json!({ "name": name, "error": e.to_string() })).collect();
        println!("{}", json!({ "pulled": summary.pulled, "skipped": summary.skipped, "failed": failed }));
        return;
    }
    println!("{summary}");
    for (name, error) in summary.failed.iter().skip(1) {
        println!("weights: {name} is not there: {error}");
    }
}

fn list(shelf: &Shelf, as_json: bool) -> anyhow::Result<ExitCode> {
    for weights in catalogue() {
        let there = shelf.has(&weights);
        if as_json {
            let row = json!({
                "name": weights.name.as_str(), "kind": weights.kind.name(), "languages": weights.languages, "there": there,
                "licence": weights.licence, "bytes": weights.bytes(), "default": weights.default, "note": weights.note,
            });
            println!("{row}");
            continue;
        }
        let mark = if there { "there" } else { "-" };
        let default = if weights.default { "default" } else { "" };
        let (kind, languages) = (weights.kind.name(), weights.languages.join(" "));
        println!(
            "{:20} {mark:6} {:>7} {kind:12} {languages:13} {:13} {default}",
            weights.name,
            megabytes(weights.bytes()),
            weights.licence
        );
        println!("{:20} {}", "", weights.note);
    }
    Ok(ExitCode::SUCCESS)
}

fn verify(shelf: &Shelf, as_json: bool) -> anyhow::Result<ExitCode> {
    let mut bad = false;
    for weights in catalogue() {
        for (path, condition) in shelf.verify(&weights)? {
            let (state, why) = match &condition {
                Condition::Whole => ("whole", ""),
                Condition::Unpinned => ("unpinned", "nobody published a digest; `models pull --trust-first` pins it"),
                Condition::Missing => ("missing", "`hotline models pull` brings it"),
                Condition::Corrupt(why) => ("corrupt", why.as_str()),
            };
            bad |= matches!(condition, Condition::Corrupt(_)) || (condition == Condition::Missing && weights.default);
            if as_json {
                println!("{}", json!({ "name": weights.name.as_str(), "path": path, "state": state, "why": why }));
            } else {
                println!("{state:9} {} {why}", path.display());
            }
        }
    }
    Ok(if bad { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn megabytes(bytes: u64) -> String {
    if bytes < 1_000_000 { format!("{} kB", bytes.div_ceil(1000)) } else { format!("{} MB", (bytes + 500_000) / 1_000_000) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_is_answered_with_the_nearest_known_one() {
        let all = catalogue();
        let error = chosen(&all, &["wisper-base".to_owned()]).unwrap_err().to_string();
        assert!(error.contains("`whisper-base`"), "{error}");
        assert!(chosen(&all, &[]).unwrap().iter().all(|w| w.default));
    }

    #[test]
    fn the_summary_is_one_line_that_says_what_happened() {
        let unreachable = PullSummary { skipped: Some("https://hub.test does not answer".into()), ..PullSummary::default() };
        assert_eq!(unreachable.to_string(), "weights: https://hub.test does not answer");
        let failed = WeightsError::NoDigest { file: "x.bin".into() };
        let summary = PullSummary { pulled: vec!["a".into()], failed: vec![("b".into(), failed)], ..PullSummary::default() };
        assert!(summary.to_string().starts_with("weights: b is not there: nobody published a digest"));
        assert_eq!(PullSummary { pulled: vec!["a".into()], ..PullSummary::default() }.to_string(), "weights: pulled a");
    }

    #[tokio::test]
    async fn a_hub_that_does_not_answer_is_one_line_and_no_error() {
        let data = tempfile::tempdir().unwrap();
        let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let url = format!("http://{gone}");
        let shelf = Shelf::new(data.path(), Sources { hub: url.clone(), index: url.clone() }, Patience::default()).unwrap();
        let all = catalogue();
        let summary = pull(&shelf, &chosen(&all, &[]).unwrap(), (true, Trust::PublishedOnly)).await;
        assert!(summary.failed.is_empty() && summary.skipped.unwrap().starts_with(&url));
    }

    #[test]
    fn sizes_read_as_people_say_them() {
        assert_eq!([megabytes(4_882), megabytes(147_951_465)], ["5 kB", "148 MB"]);
    }
}
