//! The pair of UDP sockets of one call: RTP on an even port, RTCP on the next (RFC 3550 section 11).
//! Never blocks: a packet that the kernel cannot take at once is lost, and counted by who sends.

use std::io;
use std::net::{IpAddr, SocketAddr};

use serde::Deserialize;
use socket2::SockRef;
use tokio::net::UdpSocket;

/// DSCP Expedited Forwarding (RFC 3246), shifted into the TOS octet.
const EXPEDITED: u32 = 46 << 2;
const ATTEMPTS: u16 = 64;

/// The UDP ports that sound may use. `0` to `0` takes any free port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortRange {
    /// First port.
    pub first: u16,
    /// Last port.
    pub last: u16,
}

impl Default for PortRange {
    /// Any free port.
    fn default() -> Self {
        Self { first: 0, last: 0 }
    }
}

/// The sockets of one call's sound.
#[derive(Debug)]
pub struct RtpSocket {
    rtp: UdpSocket,
    rtcp: UdpSocket,
    local: SocketAddr,
}

impl RtpSocket {
    /// Binds a free even port of the range and the one after it. `start` says where in the range to begin, so that
    /// calls do not all try the same ports (and a port's late packets do not reach the next call).
    pub fn bind(ip: IpAddr, range: PortRange, start: u16) -> io::Result<Self> {
        let pairs = (range.last.saturating_sub(range.first) / 2 + 1).max(1);
        let attempts = if range.first == 0 { ATTEMPTS } else { pairs };
        let mut last = io::Error::from(io::ErrorKind::AddrInUse);
        for n in 0..attempts {
            let port = if range.first == 0 {
                0
            } else {
                range.first.next_multiple_of(2).saturating_add((start.wrapping_add(n) % pairs) * 2)
            };
            match Self::bind_pair(ip, port) {
                Ok(pair) => return Ok(pair),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Address of the RTP socket.
    pub const fn local(&self) -> SocketAddr {
        self.local
    }

    /// Waits for a packet. Cancel-safe.
    pub async fn recv(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.rtp.recv_from(buffer).await
    }

    /// Sends a packet now or not at all. (Past tokio: a fresh socket of its would claim not to be writable yet.)
    pub fn send(&self, packet: &[u8], to: SocketAddr) -> io::Result<()> {
        SockRef::from(&self.rtp).send_to(packet, &to.into()).map(drop)
    }

    /// Sends a control packet to the port after the RTP port of `to`, now or not at all.
    pub fn send_control(&self, packet: &[u8], to: SocketAddr) -> io::Result<()> {
        let to = SocketAddr::new(to.ip(), to.port().saturating_add(1));
        SockRef::from(&self.rtcp).send_to(packet, &to.into()).map(drop)
    }

    fn bind_pair(ip: IpAddr, port: u16) -> io::Result<Self> {
        let rtp = bind(SocketAddr::new(ip, port))?;
        let local = rtp.local_addr()?;
        if !local.port().is_multiple_of(2) || local.port() < 1_024 {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        let rtcp = bind(SocketAddr::new(ip, local.port() + 1))?;
        Ok(Self { rtp, rtcp, local })
    }
}

fn bind(addr: SocketAddr) -> io::Result<UdpSocket> {
    let domain = socket2::Domain::for_address(addr);
    let socket = socket2::Socket::new(domain, socket2::Type::DGRAM, Some(socket2::Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    if addr.is_ipv4() {
        // A network that does not honour it is no reason to refuse a call.
        drop(socket.set_tos_v4(EXPEDITED));
    }
    socket.bind(&addr.into())?;
    UdpSocket::from_std(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn ports_are_even_and_an_exhausted_range_says_so() {
        let ip = IpAddr::from([127, 0, 0, 1]);
        let any = RtpSocket::bind(ip, PortRange::default(), 7).expect("a free pair");
        let port = any.local().port();
        assert!(port.is_multiple_of(2));
        let error = RtpSocket::bind(ip, PortRange { first: port, last: port + 1 }, 9).expect_err("taken");
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    }
}
