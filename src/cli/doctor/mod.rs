//! `hotline doctor`: what this machine has and lacks, one line each, with the command that mends it.
//! Never mends anything itself, and binds a port only to let it go again.

mod channels;
mod engines;

use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;
use serde_json::json;
use tokio::runtime::Handle;

use crate::config::{Config, ConfigError};
use crate::engine::decodes_amr;
use crate::line::PortFormat;
#[cfg(feature = "sip")]
use crate::line::sip::Transport;

pub use channels::{channels, events};
pub use engines::{recognisers, voices, weights};

/// The system packages that building and running need, one a line, with comments.
const PACKAGES: &str = include_str!("../../../packages.txt");
/// The group of those that running needs.
const RUN: &str = "run";

/// See what is missing on this machine.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Folder for everything that is kept, instead of the configured one.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Print the findings as JSON lines.
    #[arg(long)]
    pub json: bool,
}

impl DoctorArgs {
    /// That configuration with these options laid over it.
    #[must_use]
    pub fn over(&self, mut config: Config) -> Config {
        if let Some(data) = &self.data {
            config.store.data.clone_from(data);
        }
        config
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it belongs to: `ports`, `weights`, `voices`, …
    pub area: &'static str,
    /// What was found.
    pub what: String,
    /// How it is, and what to do about it.
    pub state: State,
}

/// How something is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// As it should be.
    Well,
    /// Not there, and the line works without it; this would bring it.
    Lacking(String),
    /// The line does not work like that; this would mend it.
    Broken(String),
}

/// A port the line wants to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WantedPort {
    /// A datagram port.
    Udp(SocketAddr),
    /// A stream port.
    Tcp(SocketAddr),
}

impl Finding {
    /// Something that is as it should be.
    pub fn well(area: &'static str, what: impl Into<String>) -> Self {
        Self { area, what: what.into(), state: State::Well }
    }

    /// Something that the line works without, and what would bring it.
    pub fn lacking(area: &'static str, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { area, what: what.into(), state: State::Lacking(fix.into()) }
    }

    /// Something that keeps the line from working, and what would mend it.
    pub fn broken(area: &'static str, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { area, what: what.into(), state: State::Broken(fix.into()) }
    }
}

/// Prints the findings; whether nothing is broken.
pub fn run(args: &DoctorArgs, findings: &[Finding], out: &mut dyn Write) -> io::Result<bool> {
    for Finding { area, what, state } in findings {
        let (word, fix) = match state {
            State::Well => ("ok", None),
            State::Lacking(fix) => ("lacking", Some(fix)),
            State::Broken(fix) => ("broken", Some(fix)),
        };
        match fix {
            _ if args.json => writeln!(out, "{}", json!({ "area": area, "state": word, "what": what, "fix": fix }))?,
            None => writeln!(out, "{word:<7}  {area:<9} {what}")?,
            Some(fix) => writeln!(out, "{word:<7}  {area:<9} {what}; {fix}")?,
        }
    }
    Ok(!findings.iter().any(|finding| matches!(finding.state, State::Broken(_))))
}

/// Everything: configuration, packages, codecs, ports, records, voices, weights and sound card. Of a configuration with
/// mistakes only those are told, and what does not depend on it.
pub fn survey(path: &Path, loaded: &Result<Config, ConfigError>, runtime: &Handle) -> Vec<Finding> {
    let mut findings = configuration(path, loaded);
    findings.extend(packages());
    findings.extend(codecs());
    if let Ok(config) = loaded {
        let data = &config.store.data;
        findings.extend(ports(&wanted_ports(config)));
        let is_set = |name: &str| std::env::var(name).is_ok_and(|value| !value.is_empty());
        findings.extend(channels(&config.http.channels, is_set, decodes_amr()));
        findings.push(events(&config.http.events, is_set));
        findings.extend(data_folder(data));
        findings.extend(recognisers(&config.hear, data, runtime));
        findings.extend(voices(&config.speak, data, runtime));
        findings.extend(weights(data));
    }
    findings.extend(sound_card());
    findings
}

/// The ports the line would have.
fn wanted_ports(config: &Config) -> Vec<WantedPort> {
    let web = WantedPort::Tcp(config.http.listen);
    #[cfg(feature = "sip")]
    let line = config.sip.listen.iter().map(|listen| match listen.transport {
        Transport::Udp => WantedPort::Udp(listen.addr),
        Transport::Tcp => WantedPort::Tcp(listen.addr),
    });
    #[cfg(not(feature = "sip"))]
    let line = std::iter::empty();
    line.chain([web]).collect()
}

/// Whether the configuration can be used.
pub fn configuration(path: &Path, loaded: &Result<Config, ConfigError>) -> Vec<Finding> {
    const AREA: &str = "config";
    match loaded {
        Ok(_) if path.is_file() => vec![Finding::well(AREA, format!("{} is right", path.display()))],
        Ok(_) => vec![Finding::well(AREA, format!("no {}: defaults are used", path.display()))],
        Err(ConfigError::Wrong(problems)) => {
            problems.iter().map(|p| Finding::broken(AREA, format!("{}: {}", p.place, p.what), p.fix.clone())).collect()
        }
        Err(ConfigError::Unreadable { path, source }) => {
            let fix = "name another file with --config, or none to get the defaults";
            vec![Finding::broken(AREA, format!("{} cannot be read ({source})", path.display()), fix)]
        }
    }
}

/// Whether these ports can be had.
pub fn ports(wanted: &[WantedPort]) -> Vec<Finding> {
    let look = |port: &WantedPort| {
        let (kind, flag, address, bound) = match port {
            WantedPort::Udp(address) => ("udp", 'u', address, UdpSocket::bind(address).map(drop)),
            WantedPort::Tcp(address) => ("tcp", 't', address, TcpListener::bind(address).map(drop)),
        };
        match bound {
            Ok(()) => Finding::well("ports", format!("{kind}:{address} is free")),
            Err(error) => Finding::broken(
                "ports",
                format!("{kind}:{address} cannot be had ({error})"),
                format!("see who has it with `ss -lnp{flag} sport = :{}`, or choose another", address.port()),
            ),
        }
    };
    wanted.iter().map(look).collect()
}

/// The sound formats this build speaks.
pub fn codecs() -> Vec<Finding> {
    let names = [PortFormat::Opus, PortFormat::Pcma, PortFormat::Pcmu].map(PortFormat::name).join(", ");
    vec![Finding::well("codecs", format!("{names}, telephone-event"))]
}

/// Whether records can be written in the data folder, or where it would be made; nothing stays behind.
pub fn data_folder(data: &Path) -> Vec<Finding> {
    const AREA: &str = "records";
    let folder = data.join("calls");
    let nearest = folder.ancestors().find(|folder| folder.exists()).unwrap_or_else(|| Path::new("."));
    let probe = nearest.join(".hotline-doctor");
    let made = std::fs::create_dir_all(&probe).and_then(|()| std::fs::write(probe.join("probe"), [0; 4096]));
    let cleared = std::fs::remove_dir_all(&probe);
    vec![match made.and(cleared) {
        Ok(()) => Finding::well(AREA, format!("{} can be written", data.display())),
        Err(error) => Finding::broken(
            AREA,
            format!("{} cannot be written ({error}); calls would go on without records", data.display()),
            "make room, change its owner, or name another with --data",
        ),
    }]
}

/// Whether the system packages are there: those to run with, and, for information, those to build and test with.
pub fn packages() -> Vec<Finding> {
    let wanted = wanted_packages(PACKAGES);
    let names = wanted.iter().flat_map(|package| package.names.iter());
    let asked = Command::new("dpkg-query").args(["-W", "-f", "${binary:Package} ${db:Status-Status}\n"]).args(names).output();
    match asked {
        Ok(answer) => findings_of(&wanted, &String::from_utf8_lossy(&answer.stdout)),
        Err(_) => {
            let names: Vec<_> = wanted.iter().filter(|package| package.group == RUN).map(|package| package.names[0]).collect();
            let fix = format!("install what your system calls {}", names.join(" "));
            vec![Finding::lacking("packages", "this is no Debian or Ubuntu: packages cannot be looked up", fix)]
        }
    }
}

/// The sound card that `hotline mic` would use.
#[cfg(feature = "mic")]
pub fn sound_card() -> Vec<Finding> {
    use cpal::traits::{DeviceTrait, HostTrait};
    const FIX: &str = "only `hotline mic` needs it: plug one in, or start PulseAudio";
    crate::line::mic::hush();
    let host = cpal::default_host();
    // ALSA names a default device on every machine; only one that tells its format is there.
    let microphone = host.default_input_device().filter(|device| device.default_input_config().is_ok());
    let loudspeaker = host.default_output_device().filter(|device| device.default_output_config().is_ok());
    let look = |(kind, device): (&str, Option<cpal::Device>)| match device {
        Some(device) => {
            let name = device.description().map_or_else(|_| "unnamed".to_owned(), |d| d.name().to_owned());
            Finding::well("sound", format!("{kind}: {name}"))
        }
        None => Finding::lacking("sound", format!("no {kind}"), FIX),
    };
    [("microphone", microphone), ("loudspeaker", loudspeaker)].into_iter().map(look).collect()
}

/// This build has no microphone.
#[cfg(not(feature = "mic"))]
pub fn sound_card() -> Vec<Finding> {
    vec![Finding::lacking("sound", "this build has no microphone", "build with the feature `mic` if you want `hotline mic`")]
}

/// One wanted package: its group, and its names in different releases.
#[derive(Debug, PartialEq, Eq)]
struct Package<'a> {
    group: &'a str,
    names: Vec<&'a str>,
}

/// The packages of a list: `group  name|other-name` a line, up to a `#`.
fn wanted_packages(list: &str) -> Vec<Package<'_>> {
    list.lines()
        .filter_map(|line| {
            let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
            Some(Package { group: words.next()?, names: words.next()?.split('|').collect() })
        })
        .collect()
}

/// One finding a group, by what dpkg calls installed. A multi-arch name comes back as `name:amd64`.
fn findings_of(wanted: &[Package<'_>], answer: &str) -> Vec<Finding> {
    let installed: Vec<&str> = answer.lines().filter_map(|line| line.strip_suffix(" installed")?.split(':').next()).collect();
    let mut groups: Vec<&str> = wanted.iter().map(|package| package.group).collect();
    groups.dedup();
    let finding = |group: &str| {
        let group_of = wanted.iter().filter(|package| package.group == group);
        let missing: Vec<_> =
            group_of.filter(|p| !p.names.iter().any(|name| installed.contains(name))).map(|p| p.names[0]).collect();
        let names = missing.join(" ");
        let (what, fix) = (format!("to {group}, missing: {names}"), format!("sudo apt-get install -y {names}"));
        match missing.len() {
            0 => Finding::well("packages", format!("to {group}: all installed")),
            _ if group == RUN => Finding::broken("packages", what, fix),
            _ => Finding::lacking("packages", what, fix),
        }
    };
    groups.into_iter().map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_each_with_the_fix() {
        let findings = [
            Finding::well("codecs", "PCMA"),
            Finding::lacking("weights", "no whisper", "hotline models pull"),
            Finding::broken("voices", "no voice", "apt-get install libflite1"),
        ];
        let printed = |json, findings: &[Finding]| {
            let mut out = Vec::new();
            let works = run(&DoctorArgs { data: None, json }, findings, &mut out).expect("memory takes everything");
            (works, String::from_utf8(out).expect("text"))
        };
        let text = "ok       codecs    PCMA\nlacking  weights   no whisper; hotline models pull\n";
        assert_eq!(printed(false, &findings[..2]), (true, text.to_owned()));
        let (works, json) = printed(true, &findings);
        let last: serde_json::Value = serde_json::from_str(json.lines().last().expect("three lines")).expect("JSON");
        assert_eq!((works, &last["state"], &last["fix"]), (false, &"broken".into(), &"apt-get install libflite1".into()));
    }

    #[test]
    fn a_taken_port_is_told_and_a_free_one_is_let_go() {
        let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = taken.local_addr().expect("bound");
        assert!(
            matches!(&ports(&[WantedPort::Tcp(address)])[0].state, State::Broken(fix) if fix.contains(&address.port().to_string()))
        );
        drop(taken);
        for _ in 0..2 {
            assert_eq!(ports(&[WantedPort::Tcp(address)])[0].state, State::Well);
        }
    }

    #[test]
    fn only_what_running_needs_is_broken_when_it_is_missing() {
        let list = "# a comment\nbuild  cmake # whisper\nbuild clang\n\nrun  libflite1|flite\nrun  libold|libnew\nrun nobody\n";
        let answer = "cmake installed\nlibnew:amd64 installed\nlibflite1 config-files\n";
        let expected = [
            Finding::lacking("packages", "to build, missing: clang", "sudo apt-get install -y clang"),
            Finding::broken("packages", "to run, missing: libflite1 nobody", "sudo apt-get install -y libflite1 nobody"),
        ];
        assert_eq!(findings_of(&wanted_packages(list), answer), expected);
    }

    #[test]
    fn the_package_list_holds_groups_and_names() {
        let wanted = wanted_packages(PACKAGES);
        assert!(wanted.iter().any(|package| package.group == RUN));
        for name in wanted.iter().flat_map(|package| &package.names) {
            assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"+-.".contains(&b)), "{name}");
        }
    }

    #[test]
    fn a_data_folder_that_cannot_be_written_is_told() {
        let data = tempfile::tempdir().expect("a folder");
        assert_eq!(data_folder(data.path())[0].state, State::Well);
        assert_eq!(data_folder(&data.path().join("not/made/yet"))[0].state, State::Well);
        assert_eq!(std::fs::read_dir(data.path()).expect("made").count(), 0, "nothing is left behind");
        let file = data.path().join("file");
        std::fs::write(&file, "").expect("written");
        assert!(matches!(data_folder(&file)[0].state, State::Broken(_)));
    }

    #[test]
    fn a_wrong_configuration_is_told_line_by_line() {
        let path = Path::new("hotline.toml");
        let wrong = Config::parse(path, "a = 1\nb = 2\n", []);
        assert_eq!(configuration(path, &wrong).len(), 2);
        let missing = Path::new("/nonexistent/hotline.toml");
        assert!(configuration(missing, &Ok(Config::default()))[0].what.contains("defaults"));
        let named = Config::load(Some(missing), []);
        assert!(matches!(configuration(missing, &named)[0].state, State::Broken(_)));
    }

    #[test]
    fn a_wrong_configuration_hides_no_other_area() {
        let wrong = Config::parse(Path::new("hotline.toml"), "a = 1", []);
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let findings = survey(Path::new("hotline.toml"), &wrong, runtime.handle());
        for area in ["config", "packages", "codecs", "sound"] {
            assert!(findings.iter().any(|finding| finding.area == area), "{area} is left out of {findings:?}");
        }
    }
}
