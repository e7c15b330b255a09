//! A server with `/v1/audio/transcriptions`: the utterance is sent as a wav when it has ended.
//! Never asks twice, and never tells the caller's words in an error.

use std::io::Cursor;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use serde::Deserialize;
use tokio::runtime::Handle;
use tokio::time::{sleep, timeout};

use crate::audio::SampleRate;
use crate::audio::wav::Sound;
use crate::privacy::Secret;
use crate::talk::{Finality, Language, Transcript};

use super::written::written;
use super::{Cancel, HearError, HearRequest, Hearing, OpenaiHearConfig, Recognizer};

const NAME: &str = "openai";
/// Separates the parts of the form; a wav of 16-bit samples with these 40 bytes in a row does not happen.
const BOUNDARY: &str = "hotline-form-7d1f9a3c5be84602-part-edge";
/// Two minutes: far more than a turn.
const LONGEST: usize = 120 * 16_000;
/// From one look at whether anybody still waits to the next.
const LOOK: Duration = Duration::from_millis(20);

/// A connection to a transcription server.
pub struct OpenaiEar(Arc<Server>);

struct Server {
    client: Client,
    runtime: Handle,
    config: OpenaiHearConfig,
    key: Secret<String>,
}

/// The part of the answer that is used.
#[derive(Deserialize)]
struct Answer {
    text: String,
}

impl OpenaiEar {
    /// Makes the connection ready; the server is asked for the first time when there is something to hear.
    pub fn open(config: &OpenaiHearConfig, runtime: &Handle) -> Result<Self, HearError> {
        if config.base_url.is_empty() {
            return Err(failed("no server is configured; set hear.openai.base_url to use one"));
        }
        // Only the first provider of a process counts; whoever was first chose the same one.
        rustls::crypto::ring::default_provider().install_default().ok();
        let client = Client::builder().connect_timeout(Duration::from_millis(config.timeout_ms)).build();
        Ok(Self(Arc::new(Server {
            client: client.map_err(|e| failed(e.to_string()))?,
            runtime: runtime.clone(),
            key: Secret::new(std::env::var(&config.api_key_env).unwrap_or_default()),
            config: config.clone(),
        })))
    }
}

impl Server {
    async fn ask(&self, pcm: Vec<i16>, language: Language) -> Result<String, String> {
        let url = format!("{}/audio/transcriptions", self.config.base_url.trim_end_matches('/'));
        let form = form(&self.config.model, language, pcm)?;
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        let mut request = self.client.post(url).header("content-type", kind).body(form);
        if !self.key.reveal().is_empty() {
            request = request.bearer_auth(self.key.reveal());
        }
        let response = request.send().await.map_err(|e| e.without_url().to_string())?;
        match response.status() {
            status if status.is_success() => {
                response.json::<Answer>().await.map(|answer| answer.text).map_err(|e| e.without_url().to_string())
            }
            status => Err(format!("the server answered {status}; check hear.openai (base_url, model, key)")),
        }
    }
}

impl Recognizer for OpenaiEar {
    fn name(&self) -> &'static str {
        NAME
    }

    fn hears(&self, _: Language) -> bool {
        true
    }

    fn start(&self, request: HearRequest) -> Result<Box<dyn Hearing>, HearError> {
        Ok(Box::new(Collecting { server: self.0.clone(), request, pcm: Vec::new(), guessed: None }))
    }
}

struct Collecting {
    server: Arc<Server>,
    request: HearRequest,
    pcm: Vec<i16>,
    guessed: Option<Transcript>,
}

impl Collecting {
    fn transcribe(&self, cancel: &Cancel) -> Result<Transcript, HearError> {
        let Self { server, request, pcm, .. } = self;
        if pcm.is_empty() {
            return Ok(Transcript::nothing(request.language, NAME));
        }
        let wait = Duration::from_millis(server.config.timeout_ms);
        let asked = server.runtime.block_on(async {
            tokio::select! {
                asked = timeout(wait, server.ask(pcm.clone(), request.language)) => Some(asked),
                () = cancelled(cancel) => None,
            }
        });
        let asked = asked.ok_or(HearError::Cancelled)?;
        let text = asked.map_err(|_| failed(format!("the server was silent for {} ms", wait.as_millis())))?.map_err(failed)?;
        let text = written(text.trim(), request.language, &request.expectation);
        Ok(Transcript::of_text(text, request.language, NAME))
    }
}

impl Hearing for Collecting {
    fn feed(&mut self, pcm: &[i16]) -> Result<Option<Transcript>, HearError> {
        if self.request.cancel.is_cancelled() {
            return Err(HearError::Cancelled);
        }
        let room = LONGEST.saturating_sub(self.pcm.len());
        self.pcm.extend(pcm.iter().take(room));
        Ok(None)
    }

    fn guess(&mut self, cancel: &Cancel) -> Result<Option<Transcript>, HearError> {
        self.guessed = None;
        if !self.server.config.guess {
            return Ok(None);
        }
        let guess = self.transcribe(cancel)?;
        self.guessed = Some(guess.clone());
        Ok(Some(Transcript { finality: Finality::Partial, ..guess }))
    }

    fn finish(mut self: Box<Self>, as_guessed: bool) -> Result<Transcript, HearError> {
        self.guessed.take().filter(|_| as_guessed).map_or_else(|| self.transcribe(&self.request.cancel), Ok)
    }
}

/// Waits until somebody asks the work to stop.
async fn cancelled(cancel: &Cancel) {
    while !cancel.is_cancelled() {
        sleep(LOOK).await;
    }
}

/// The body of a multipart form (RFC 7578) with the sound as a wav.
fn form(model: &str, language: Language, pcm: Vec<i16>) -> Result<Vec<u8>, String> {
    let mut wav = Cursor::new(Vec::new());
    Sound { pcm, rate: SampleRate::HZ_16000 }.write(&mut wav).map_err(|e| e.to_string())?;
    let mut body = Vec::new();
    for (name, value) in [("model", model), ("language", language.code()), ("response_format", "json")] {
        let part = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend(part.bytes());
    }
    let head = "Content-Disposition: form-data; name=\"file\"; filename=\"utterance.wav\"\r\nContent-Type: audio/wav";
    body.extend(format!("--{BOUNDARY}\r\n{head}\r\n\r\n").bytes());
    body.extend(wav.into_inner());
    body.extend(format!("\r\n--{BOUNDARY}--\r\n").bytes());
    Ok(body)
}

fn failed(what: impl Into<String>) -> HearError {
    HearError::Backend { engine: NAME, what: what.into() }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::super::Cancel;
    use super::*;
    use crate::audio::MediaTime;
    use crate::talk::Expectation;

    /// A server that answers one request with this, and gives back what it was asked.
    fn served(answer: &'static str, timeout_ms: u64) -> (Result<Transcript, HearError>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
        let base_url = format!("http://{}/v1/", listener.local_addr().expect("bound"));
        let server = std::thread::spawn(move || {
            let (mut peer, _) = listener.accept().expect("asked");
            let mut request = Vec::new();
            let mut piece = [0; 4_096];
            while !request.ends_with(b"-part-edge--\r\n") {
                let n = peer.read(&mut piece).expect("a request");
                request.extend_from_slice(&piece[..n]);
            }
            peer.write_all(answer.as_bytes()).ok();
            if answer.is_empty() {
                // Silent until the asker gives up.
                peer.read_to_end(&mut Vec::new()).ok();
            }
            String::from_utf8_lossy(&request).into_owned()
        });
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let config = OpenaiHearConfig { base_url, timeout_ms, ..OpenaiHearConfig::default() };
        let ear = OpenaiEar::open(&config, runtime.handle()).expect("opens");
        let expectation = Expectation::Digits { min: 4, max: 4, sensitive: false };
        let request = HearRequest { language: Language::EN, expectation, from: MediaTime::ZERO, cancel: Cancel::default() };
        let mut hearing = ear.start(request).expect("starts");
        hearing.feed(&[7; 320]).expect("takes sound");
        let heard = hearing.finish(false);
        drop((ear, runtime));
        (heard, server.join().expect("the server ends"))
    }

    #[test]
    fn the_utterance_is_sent_as_a_wav_and_the_answer_is_written_out() {
        let (heard, asked) =
            served("HTTP/1.1 200 OK\r\nContent-Length: 30\r\nConnection: close\r\n\r\n{\"text\":\" four two seven one\"}", 2_000);
        assert_eq!(heard.expect("heard").text, "4271");
        assert!(asked.starts_with("POST /v1/audio/transcriptions"), "{asked}");
        assert!(asked.contains("name=\"language\"\r\n\r\nen\r\n") && asked.contains("RIFF"), "{asked}");
    }

    #[test]
    fn a_refusal_and_a_silent_server_are_told_apart() {
        let (refused, _) = served("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", 2_000);
        assert!(refused.expect_err("refused").to_string().contains("401"));
        let (silent, _) = served("", 150);
        assert!(silent.expect_err("silent").to_string().contains("silent for 150 ms"));
    }
}
