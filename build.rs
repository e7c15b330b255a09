//! Build script: what the C libraries under the crates leave for us to link and to carry along.
//! Never downloads, and does nothing at all without the feature `espeak`.

use std::error::Error;
use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, io};

use flate2::Compression;
use flate2::write::GzEncoder;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    if env::var_os("CARGO_FEATURE_ESPEAK").is_some() {
        link_sonic()?;
        pack_espeak_data()?;
    }
    Ok(())
}

/// espeak-rs-sys compiles espeak-ng against libsonic but never links it.
fn link_sonic() -> Result<(), Box<dyn Error>> {
    let (folder, file) = find_sonic().ok_or("libsonic is not installed; run: apt-get install libsonic-dev")?;
    println!("cargo:rustc-link-search=native={}", folder.display());
    let kind = if file.ends_with(".a") { "static" } else { "dylib" };
    println!("cargo:rustc-link-lib={kind}=sonic");
    // Once more at the end of the line, behind espeak-ng, for linkers that read archives in order.
    println!("cargo:rustc-link-arg={}", folder.join(file).display());
    Ok(())
}

/// The compiler knows its own library folders, multiarch ones included; the usual ones come after it.
fn find_sonic() -> Option<(PathBuf, &'static str)> {
    println!("cargo:rerun-if-env-changed=CC");
    let compiler = env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    ["libsonic.a", "libsonic.so"].into_iter().find_map(|file| {
        let told = Command::new(&compiler).arg(format!("-print-file-name={file}")).output().ok();
        let told = told.map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
        let usual = ["/usr/lib", "/usr/lib64", "/usr/local/lib", "/opt/homebrew/lib"].map(|folder| Path::new(folder).join(file));
        let found = told.into_iter().chain(usual).find(|path| path.is_absolute() && path.exists())?;
        Some((found.canonicalize().ok()?.parent()?.to_owned(), file))
    })
}

/// Packs the dictionaries espeak-rs-sys compiled, so that the binary runs where no target folder is.
fn pack_espeak_data() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let data = find_espeak_data(&out)?;
    println!("cargo:rerun-if-changed={}", data.display());
    let packed = pack(&data)?;
    let mut digest = DefaultHasher::new();
    digest.write(&packed);
    println!("cargo:rustc-env=HOTLINE_ESPEAK_DATA_DIGEST={:016x}", digest.finish());
    Ok(fs::write(out.join("espeak-ng-data.tar.gz"), packed)?)
}

/// espeak-rs-sys declares no `links`, so its output folder is looked up beside ours: the newest that holds the data.
fn find_espeak_data(out: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let build = out.ancestors().find(|folder| folder.ends_with("build")).ok_or("OUT_DIR is in no `build` folder")?;
    let mut found = Vec::new();
    for entry in fs::read_dir(build)?.flatten() {
        if entry.file_name().to_string_lossy().starts_with("espeak-rs-sys-") {
            let data = entry.path().join("out/share/espeak-ng-data");
            if let Ok(made) = data.join("phontab").metadata().and_then(|file| file.modified()) {
                found.push((made, data));
            }
        }
    }
    let newest = found.into_iter().max().map(|(_, data)| data);
    newest.ok_or_else(|| {
        format!("no espeak-ng-data under {}/espeak-rs-sys-*; run: cargo clean -p espeak-rs-sys", build.display()).into()
    })
}

/// A tar of the folder's files, in order and without times or owners: the same data gives the same bytes.
fn pack(data: &Path) -> io::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::best()));
    let mut folders = vec![data.to_owned()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    // The manifest lists the phonemes for people; nothing reads it at run time.
    for path in files.iter().filter(|path| !path.ends_with("phondata-manifest")) {
        let name = path.strip_prefix(data).expect("the walk began in this folder");
        let bytes = if name.starts_with("lang") { without_dict_min(&fs::read(path)?) } else { fs::read(path)? };
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, bytes.as_slice())?;
    }
    tar.into_inner()?.finish()
}

/// A language file without its `dict_min`: the crate leaves the large dictionaries out, and espeak-ng would say so on
/// stderr at every change of voice.
fn without_dict_min(language: &[u8]) -> Vec<u8> {
    let lines = language.split_inclusive(|&byte| byte == b'\n');
    lines.filter(|line| !line.starts_with(b"dict_min")).flatten().copied().collect()
}
