//! A voice server with `/v1/audio/speech`: raw sound, streamed as it is made.
//! Never asks twice: when the server fails, another voice steps in.

use std::time::Duration;

use reqwest::{Client, Response};
use serde_json::json;
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::audio::SampleRate;
use crate::privacy::Secret;
use crate::talk::Language;

use super::by_clause::hand_over;
use super::trim::{Edges, TAIL_MS};
use super::{Delivery, OpenaiVoiceConfig, Sink, SpeakError, Synthesizer};

/// The server's `pcm`: 24 kHz, 16 bits, mono, low byte first.
const RATE: SampleRate = SampleRate::HZ_24000;

/// A connection to a voice server.
pub(super) struct OpenaiVoice {
    client: Client,
    runtime: Handle,
    config: OpenaiVoiceConfig,
    key: Secret<String>,
}

impl OpenaiVoice {
    /// Makes the connection ready; the server is asked for the first time when there is something to say.
    pub(super) fn open(config: &OpenaiVoiceConfig, runtime: &Handle) -> Result<Self, SpeakError> {
        if config.base_url.is_empty() {
            return Err(failed("no server is configured; set speak.openai.base_url to use one"));
        }
        // Only the first provider of a process counts; whoever was first chose the same one.
        rustls::crypto::ring::default_provider().install_default().ok();
        let client = Client::builder().connect_timeout(Duration::from_millis(config.timeout_ms)).build();
        Ok(Self {
            client: client.map_err(|error| failed(error.to_string()))?,
            runtime: runtime.clone(),
            key: Secret::new(std::env::var(&config.api_key_env).unwrap_or_default()),
            config: config.clone(),
        })
    }

    async fn speak(&self, text: &str, delivery: Delivery, sink: Sink<'_>) -> Result<(), String> {
        let mut response = self.asked(text, delivery).await?;
        let (mut sound, mut edges) = (Sound::default(), Edges::new(RATE, TAIL_MS));
        while let Some(bytes) = self.in_time(response.chunk()).await? {
            if hand_over(&edges.next(&sound.samples(&bytes)?), RATE, sink).is_break() {
                return Ok(());
            }
        }
        // A `Break` ends it, and there is nothing left to end.
        let _ = hand_over(&edges.end(), RATE, sink);
        Ok(())
    }

    async fn asked(&self, text: &str, delivery: Delivery) -> Result<Response, String> {
        let url = format!("{}/audio/speech", self.config.base_url.trim_end_matches('/'));
        let mut request = self.client.post(url).json(&json!({
            "model": self.config.model,
            "voice": self.config.voice,
            "input": text,
            "response_format": "pcm",
            "speed": delivery.rate,
        }));
        if !self.key.reveal().is_empty() {
            request = request.bearer_auth(self.key.reveal());
        }
        let response = self.in_time(request.send()).await?;
        match response.status() {
            status if status.is_success() => Ok(response),
            // The body may repeat the text, which is a caller's: only the status is told.
            status => Err(format!("the server answered {status}; check speak.openai (base_url, model, voice, key)")),
        }
    }

    async fn in_time<T>(&self, step: impl Future<Output = reqwest::Result<T>>) -> Result<T, String> {
        match timeout(Duration::from_millis(self.config.timeout_ms), step).await {
            Ok(done) => done.map_err(|error| error.without_url().to_string()),
            Err(_) => Err(format!("the server was silent for {} ms", self.config.timeout_ms)),
        }
    }
}

impl Synthesizer for OpenaiVoice {
    fn name(&self) -> &'static str {
        "openai"
    }

    fn speaks(&self, _: Language) -> bool {
        true
    }

    fn rate(&self, _: Language) -> SampleRate {
        RATE
    }

    fn synthesise(&self, text: &str, language: Language, delivery: Delivery, sink: Sink<'_>) -> Result<(), SpeakError> {
        let text = super::spoken(text, language);
        self.runtime.block_on(self.speak(&text, delivery, sink)).map_err(failed)
    }
}

/// Bytes to samples: an odd byte waits for its other half.
#[derive(Default)]
struct Sound {
    half: Option<u8>,
    checked: bool,
}

impl Sound {
    fn samples(&mut self, bytes: &[u8]) -> Result<Vec<i16>, String> {
        if !self.checked && !bytes.is_empty() {
            self.checked = true;
            if bytes.starts_with(b"RIFF") || bytes.starts_with(b"ID3") || bytes.starts_with(b"{") {
                return Err("the server sent no raw sound; it must support response_format pcm".to_owned());
            }
        }
        let whole: Vec<u8> = self.half.take().into_iter().chain(bytes.iter().copied()).collect();
        let (pairs, rest) = whole.as_chunks::<2>();
        self.half = rest.first().copied();
        Ok(pairs.iter().map(|pair| i16::from_le_bytes(*pair)).collect())
    }
}

fn failed(what: impl Into<String>) -> SpeakError {
    SpeakError::Backend { engine: "openai", what: what.into() }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::ops::ControlFlow;

    use super::*;

    /// A server that answers one request with these bytes, and gives back what it was asked.
    fn served(answer: Vec<u8>, ask: impl FnOnce(OpenaiVoiceConfig)) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
        let base_url = format!("http://{}/v1", listener.local_addr().expect("bound"));
        let server = std::thread::spawn(move || {
            let (mut peer, _) = listener.accept().expect("asked");
            let mut request = vec![0; 4_096];
            let mut length = 0;
            while !String::from_utf8_lossy(&request[..length]).contains("}") {
                length += peer.read(&mut request[length..]).expect("a request");
            }
            peer.write_all(&answer).ok();
            String::from_utf8_lossy(&request[..length]).into_owned()
        });
        ask(OpenaiVoiceConfig { base_url, timeout_ms: 2_000, ..OpenaiVoiceConfig::default() });
        server.join().expect("the server ends")
    }

    fn said(config: &OpenaiVoiceConfig) -> Result<Vec<i16>, SpeakError> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let voice = OpenaiVoice::open(config, runtime.handle())?;
        let mut pcm = Vec::new();
        let mut sink = |piece: &[i16]| {
            pcm.extend_from_slice(piece);
            ControlFlow::Continue(())
        };
        voice.synthesise("Order 4271.", Language::EN, Delivery::default(), &mut sink).map(|()| pcm)
    }

    #[test]
    fn raw_sound_is_streamed_and_the_server_is_asked_for_it() {
        let sound: Vec<u8> = vec![1_000_i16; 500].iter().flat_map(|s| s.to_le_bytes()).collect();
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", sound.len());
        let asked = served([head.into_bytes(), sound].concat(), |config| {
            let pcm = said(&config).expect("speaks");
            assert!(pcm.starts_with(&[1_000; 500]) && pcm.len() == 500 + 2_400, "{}", pcm.len());
        });
        assert!(asked.starts_with("POST /v1/audio/speech"), "{asked}");
        assert!(asked.contains(r#""response_format":"pcm""#) && asked.contains("Order four two seven one."), "{asked}");
    }

    #[test]
    fn a_refusal_names_the_status_and_not_the_text() {
        let answer = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\nConnection: close\r\n\r\nnope".to_vec();
        served(answer, |config| {
            let error = said(&config).expect_err("refused").to_string();
            assert!(error.contains("401") && !error.contains("Order"), "{error}");
        });
    }

    #[test]
    fn a_wav_is_not_taken_for_raw_sound() {
        assert!(Sound::default().samples(b"RIFF....WAVE").is_err());
    }

    #[test]
    fn samples_survive_being_cut_anywhere() {
        let sent: Vec<i16> = (-500..500).collect();
        let bytes: Vec<u8> = sent.iter().flat_map(|s| s.to_le_bytes()).collect();
        let mut sound = Sound::default();
        let got: Vec<i16> = bytes.chunks(333).flat_map(|part| sound.samples(part).expect("raw")).collect();
        assert_eq!(got, sent);
    }
}
