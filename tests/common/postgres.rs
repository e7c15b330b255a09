//! A Postgres server of the test's own: on loopback, on a free port, in a temporary folder, ended by its id.
//! Never touches a server that runs on this machine already.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A running server.
pub struct Postgres {
    server: Child,
    port: u16,
    /// Deleted after the server ended.
    _folder: tempfile::TempDir,
}

impl Postgres {
    /// Starts one, or says why it cannot be started here.
    pub fn start() -> Result<Self, String> {
        let programs = programs().ok_or("initdb and postgres are not installed: apt-get install postgresql")?;
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let data = folder.path().join("data");
        std::fs::create_dir(&data).map_err(|error| error.to_string())?;
        give_to_server(folder.path(), &data)?;
        let made = unprivileged(&programs.join("initdb"))
            .args(["--no-sync", "--auth=trust", "--username=hotline", "--encoding=UTF8", "--locale=C", "-D"])
            .arg(&data)
            .stdout(Stdio::null())
            .output()
            .map_err(|error| error.to_string())?;
        if !made.status.success() {
            return Err(String::from_utf8_lossy(&made.stderr).into_owned());
        }
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).map_err(|error| error.to_string())?.port();
        let server = unprivileged(&programs.join("postgres"))
            .args([
                "-c",
                "listen_addresses=127.0.0.1",
                "-c",
                "unix_socket_directories=",
                "-c",
                "fsync=off",
                "-p",
                &port.to_string(),
            ])
            .arg("-D")
            .arg(&data)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| error.to_string())?;
        Ok(Self { server, port, _folder: folder })
    }

    /// The address of its first database.
    pub fn url(&self) -> String {
        format!("postgres://hotline@127.0.0.1:{}/postgres", self.port)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // SIGINT asks it to end at once and in peace; SIGKILL would leave its children.
        let asked = Command::new("kill").args(["-INT", &self.server.id().to_string()]).status();
        if asked.is_ok_and(|asked| asked.success()) {
            self.server.wait().ok();
        } else {
            self.server.kill().ok();
        }
    }
}

/// Debian keeps the server's programs out of the path, a folder a version.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?.flatten().map(|version| version.path().join("bin"));
    versions.filter(|bin| bin.join("initdb").is_file() && bin.join("postgres").is_file()).max()
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|me| {
        use std::os::unix::fs::MetadataExt;
        me.uid() == 0
    })
}

/// Postgres refuses to run as root: then as the user its package made.
fn unprivileged(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--pdeathsig=INT", "--"]).arg(program);
    command
}

fn give_to_server(folder: &Path, data: &Path) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt;
    if !is_root() {
        return Ok(());
    }
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o711)).map_err(|error| error.to_string())?;
    let given = Command::new("chown").arg("postgres:postgres").arg(data).status().map_err(|error| error.to_string())?;
    if given.success() { Ok(()) } else { Err("there is no user postgres to run the server as".to_owned()) }
}
