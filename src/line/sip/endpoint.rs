//! The SIP endpoint: its sockets, the requests that come in, and its end.
//! Never ends because of a request: what cannot be understood is answered with 400 or dropped.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rsipstack::EndpointBuilder;
use rsipstack::dialog::dialog::Dialog;
use rsipstack::dialog::dialog_layer::DialogLayer;
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::{Method, StatusCode};
use rsipstack::transaction::key::TransactionRole;
use rsipstack::transaction::transaction::Transaction;
use rsipstack::transaction::{Endpoint, TransactionReceiver};
use rsipstack::transport::tcp::TcpConnection;
use rsipstack::transport::udp::UdpConnection;
use rsipstack::transport::{SipAddr, SipConnection, TransportLayer};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::privacy::Secret;

use super::digest::Authenticator;
use super::incoming::{self, IncomingCall};
use super::offer::AddressRules;
use super::screen::{ALLOW, header, is_well_formed};
use super::{Listen, SipConfig, SipError, Transport, random};

/// Calls that may wait for the engine to look at them; the next gets 503.
const WAITING_CALLS: usize = 64;
/// TCP connections at one time.
const CONNECTIONS: usize = 1_000;
/// A TCP connection on which nothing comes for this long is closed, so that nobody can hold many of them open.
const IDLE: Duration = Duration::from_secs(120);
/// How long calls may take to say good-bye.
const GOODBYE: Duration = Duration::from_secs(2);

/// Takes calls and makes them.
pub struct SipEndpoint {
    pub(super) shared: Arc<Shared>,
    endpoint: Endpoint,
}

/// What every call of an endpoint needs of it.
pub struct Shared {
    pub(super) layer: Arc<DialogLayer>,
    pub(super) config: SipConfig,
    pub(super) sockets: Vec<Listen>,
    pub(super) users: Authenticator,
    pub(super) tasks: TaskTracker,
    /// Cancelled when every call is to end.
    pub(super) calls_end: CancellationToken,
    pub(super) waiting: mpsc::Sender<IncomingCall>,
    legs: Mutex<HashMap<String, mpsc::Sender<Transaction>>>,
    gone: Notify,
    began: Instant,
}

impl SipEndpoint {
    /// Opens the sockets and starts taking calls, which come out of the receiver. Everything runs in `tasks` and ends
    /// with `stop`.
    pub async fn bind(
        config: SipConfig,
        tasks: TaskTracker,
        stop: CancellationToken,
    ) -> Result<(Self, mpsc::Receiver<IncomingCall>), SipError> {
        let stop = stop.child_token();
        let transport = TransportLayer::new(stop.clone());
        transport.set_stream_idle_timeout(IDLE);
        let mut sockets = Vec::new();
        let mut listeners = Vec::new();
        for listen in &config.listen {
            let (bound, listener) = open(&transport, *listen, &stop).await?;
            sockets.push(bound);
            listeners.extend(listener);
        }
        if sockets.is_empty() {
            return Err(SipError::NothingToListenOn);
        }
        let endpoint = EndpointBuilder::new()
            .with_cancel_token(stop.clone())
            .with_transport_layer(transport)
            .with_user_agent(concat!("hotline/", env!("CARGO_PKG_VERSION")))
            .build();
        let incoming = endpoint.incoming_transactions()?;
        let (waiting, calls) = mpsc::channel(WAITING_CALLS);
        let (realm, users, algorithms) = (config.realm.clone(), config.users.clone(), config.digest_algorithms.clone());
        let users = Authenticator::new(realm, users, algorithms, Secret::new(random()));
        let shared = Arc::new(Shared {
            layer: Arc::new(DialogLayer::new(endpoint.inner.clone())),
            users,
            config,
            sockets,
            tasks,
            calls_end: stop.child_token(),
            waiting,
            legs: Mutex::default(),
            gone: Notify::new(),
            began: Instant::now(),
        });
        start(&shared, &endpoint, incoming, listeners, &stop);
        Ok((Self { shared, endpoint }, calls))
    }

    /// The sockets, with the ports they really have.
    pub fn local_addrs(&self) -> &[Listen] {
        &self.shared.sockets
    }

    /// Calls that are up.
    pub fn calls(&self) -> usize {
        self.shared.legs().len()
    }

    /// Says good-bye to every call that is up, waits for the answers (two seconds at most) and closes the sockets.
    pub async fn shutdown(&self) {
        self.shared.calls_end.cancel();
        let empty = async {
            while self.calls() > 0 {
                self.shared.gone.notified().await;
            }
        };
        if timeout(GOODBYE, empty).await.is_err() {
            tracing::warn!(calls = self.calls(), "Calls did not say good-bye in time.");
        }
        self.endpoint.shutdown();
    }
}

impl Shared {
    /// Seconds since the endpoint opened.
    pub(super) fn seconds(&self) -> u64 {
        self.began.elapsed().as_secs()
    }

    /// Sends a call's in-dialog requests to its leg.
    pub(super) fn route(&self, dialog: &InviteDialog) -> mpsc::Receiver<Transaction> {
        let (requests, receiver) = mpsc::channel(16);
        self.legs().insert(key(dialog), requests);
        receiver
    }

    /// A call is over.
    pub(super) fn forget(&self, dialog: &InviteDialog) {
        self.legs().remove(&key(dialog));
        // The stack does not remove its dialogs by itself.
        self.layer.remove_dialog(&dialog.id());
        self.gone.notify_one();
    }

    /// What is known of both ends when a peer announces an address.
    pub(super) fn rules(&self, peer: IpAddr) -> AddressRules {
        let own = self.sockets.iter().map(|socket| match self.config.advertise {
            Some(ip) => SocketAddr::new(ip, socket.addr.port()),
            None => socket.addr,
        });
        AddressRules { peer, own: own.collect() }
    }

    /// The socket that stands for us on a transport.
    pub(super) fn socket(&self, transport: Transport) -> SocketAddr {
        let same = self.sockets.iter().find(|socket| socket.transport == transport);
        same.or_else(|| self.sockets.first()).map_or_else(|| SocketAddr::from(([127, 0, 0, 1], 5060)), |socket| socket.addr)
    }

    /// The address a peer is told to reach us at.
    pub(super) fn advertised(&self, transport: Transport, peer: IpAddr) -> IpAddr {
        let own = self.socket(transport).ip();
        self.config.advertise.unwrap_or_else(|| if own.is_unspecified() { route_to(peer).unwrap_or(own) } else { own })
    }

    /// Our Contact on a transport, as a peer sees it.
    pub(super) fn contact(&self, transport: Transport, peer: IpAddr) -> String {
        let addr = SocketAddr::new(self.advertised(transport, peer), self.socket(transport).port());
        let suffix = match transport {
            Transport::Udp => "",
            Transport::Tcp => ";transport=tcp",
        };
        format!("sip:hotline@{addr}{suffix}")
    }

    fn legs(&self) -> std::sync::MutexGuard<'_, HashMap<String, mpsc::Sender<Transaction>>> {
        self.legs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn dispatch(self: Arc<Self>, mut request: Transaction) {
        let original = &request.original;
        if !is_well_formed(original) {
            return refuse(&mut request, StatusCode::BadRequest).await;
        }
        if original.to_header().is_ok_and(|to| to.tag().is_ok_and(|tag| tag.is_some())) {
            return self.dispatch_in_dialog(request).await;
        }
        match original.method {
            Method::Invite => incoming::handle_invite(self, request).await,
            Method::Options => {
                let headers = vec![header("Allow", ALLOW), header("Accept", "application/sdp"), header("Supported", "timer")];
                drop(request.reply_with(StatusCode::OK, headers, None).await);
            }
            Method::Bye | Method::Info | Method::Update | Method::PRack | Method::Notify => {
                refuse(&mut request, StatusCode::CallTransactionDoesNotExist).await;
            }
            Method::Ack | Method::Cancel => {}
            Method::Message | Method::Publish | Method::Refer | Method::Register | Method::Subscribe => {
                drop(request.reply_with(StatusCode::MethodNotAllowed, vec![header("Allow", ALLOW)], None).await);
            }
        }
    }

    async fn dispatch_in_dialog(self: Arc<Self>, mut request: Transaction) {
        let Some(Dialog::Invite(mut dialog)) = self.layer.match_dialog(&request) else {
            return refuse(&mut request, StatusCode::CallTransactionDoesNotExist).await;
        };
        let ready = dialog.state().is_confirmed();
        match request.original.method {
            // The stack would take it for the first INVITE (RFC 3261 section 14.2 asks for 491).
            Method::Invite if !ready => refuse(&mut request, StatusCode::RequestPending).await,
            // The stack leaves a BYE unanswered on a call of ours while a re-INVITE is in flight.
            Method::Bye if !ready && dialog.role() == TransactionRole::Client => self.pass_on(&dialog, request).await,
            Method::Invite | Method::Bye | Method::PRack | Method::Ack | Method::Cancel => {
                if let Err(error) = dialog.handle(&mut request).await {
                    tracing::debug!(%error, "A request inside a dialog was refused.");
                }
            }
            Method::Info
            | Method::Message
            | Method::Notify
            | Method::Options
            | Method::Publish
            | Method::Refer
            | Method::Register
            | Method::Subscribe
            | Method::Update => self.pass_on(&dialog, request).await,
        }
    }

    async fn pass_on(&self, dialog: &InviteDialog, request: Transaction) {
        let leg = self.legs().get(&key(dialog)).cloned();
        let request = match leg {
            Some(leg) => leg.try_send(request).map_err(mpsc::error::TrySendError::into_inner),
            None => Err(request),
        };
        if let Err(mut request) = request {
            refuse(&mut request, StatusCode::ServerInternalError).await;
        }
    }
}

/// Two ends of one call on one endpoint have the same Call-ID: the role and our tag tell them apart.
fn key(dialog: &InviteDialog) -> String {
    let id = dialog.id();
    format!("{}\n{}\n{:?}", id.call_id, id.local_tag, dialog.role())
}

async fn refuse(request: &mut Transaction, status: StatusCode) {
    if request.original.method != Method::Ack {
        drop(request.reply(status).await);
    }
}

async fn open(
    transport: &TransportLayer,
    listen: Listen,
    stop: &CancellationToken,
) -> Result<(Listen, Option<(TcpListener, Listen)>), SipError> {
    let failed = |source: io::Error| SipError::Bind {
        listen,
        hint: Listen { addr: SocketAddr::new(listen.addr.ip(), listen.addr.port().saturating_add(2)), ..listen },
        source,
    };
    match listen.transport {
        Transport::Udp => {
            let socket = UdpSocket::bind(listen.addr).await.map_err(failed)?;
            let bound = Listen { addr: socket.local_addr().map_err(failed)?, ..listen };
            let connection = UdpConnection::from_socket(Arc::new(socket), None, Some(stop.child_token())).await?;
            transport.add_transport(SipConnection::Udp(connection));
            Ok((bound, None))
        }
        Transport::Tcp => {
            let listener = TcpListener::bind(listen.addr).await.map_err(failed)?;
            let bound = Listen { addr: listener.local_addr().map_err(failed)?, ..listen };
            Ok((bound, Some((listener, bound))))
        }
    }
}

fn start(
    shared: &Arc<Shared>,
    endpoint: &Endpoint,
    mut incoming: TransactionReceiver,
    listeners: Vec<(TcpListener, Listen)>,
    stop: &CancellationToken,
) {
    let inner = endpoint.inner.clone();
    shared.tasks.spawn(async move {
        if let Err(error) = inner.serve().await {
            tracing::error!(%error, "The SIP endpoint ended.");
        }
    });
    for (listener, listen) in listeners {
        let (transport, stop) = (endpoint.inner.clone(), stop.clone());
        shared.tasks.spawn(async move {
            while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
                // The stack's own listener cannot tell its port; connections are handed to it one by one.
                let Ok((stream, _)) = accepted else { continue };
                if transport.transport_layer.connections_count() >= CONNECTIONS {
                    continue;
                }
                let local = SipAddr::new(rsipstack::sip::Transport::Tcp, listen.addr.into());
                if let Ok(connection) = TcpConnection::from_stream(stream, local, Some(stop.child_token())) {
                    transport.transport_layer.add_connection(SipConnection::Tcp(connection));
                }
            }
        });
    }
    let (shared, stop) = (Arc::clone(shared), stop.clone());
    shared.tasks.clone().spawn(async move {
        while let Some(Some(request)) = stop.run_until_cancelled(incoming.recv()).await {
            let handler = Arc::clone(&shared).dispatch(request);
            shared.tasks.spawn(handler);
        }
    });
}

/// The address of ours from which packets to `peer` leave. Nothing is sent.
fn route_to(peer: IpAddr) -> io::Result<IpAddr> {
    let any = if peer.is_ipv4() { IpAddr::from([0; 4]) } else { IpAddr::from([0u16; 8]) };
    let socket = std::net::UdpSocket::bind((any, 0))?;
    socket.connect((peer, 9))?;
    Ok(socket.local_addr()?.ip())
}
