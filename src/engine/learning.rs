//! Learning with the machine's cores, and what was learnt kept between two starts in `DATA/cache`.
//! Never trusts what it kept: bytes that are not of this pack and this version are learnt anew, and written over.

use std::fs;
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::thread;

use tracing::{debug, info, warn};

use crate::business::Pack;
use crate::dialogue::{Classifier, Lesson, Understanding};

use super::clock;

/// Understandings that are kept: those of the last edits of a few packs.
const KEPT: usize = 8;
const PREFIX: &str = "understanding-";

/// Learns all classes, a part of them on each core.
pub fn learn(lesson: Lesson) -> Classifier {
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let size = lesson.classes().div_ceil(threads).max(1);
    let starts = (0..lesson.classes()).step_by(size);
    let learnt: Vec<_> = thread::scope(|scope| {
        let lesson = &lesson;
        let parts: Vec<_> =
            starts.map(|start| scope.spawn(move || lesson.learn(start..lesson.classes().min(start + size)))).collect();
        parts.into_iter().map(|part| part.join().expect("learning does not panic")).collect()
    });
    lesson.finish(learnt)
}

/// The pack's understanding: from the cache below `data` if it is there and right, else learnt and kept.
pub fn understanding(pack: &Pack, data: &Path) -> Understanding {
    learnt_by(pack, data, learn)
}

/// The same on this thread alone: calls keep the other cores.
pub fn alone(pack: &Pack, data: &Path) -> Understanding {
    learnt_by(pack, data, Lesson::all)
}

fn learnt_by(pack: &Pack, data: &Path, learn: impl Fn(Lesson) -> Classifier) -> Understanding {
    let started = clock::now();
    let folder = data.join("cache");
    let path = folder.join(format!("{PREFIX}{}.bin", Understanding::content_hash(pack)));
    match fs::read(&path).map(|bytes| Understanding::from_bytes(pack, &bytes)) {
        Ok(Ok(kept)) => {
            info!(pack = pack.name(), ms = clock::since(started).as_millis() as u64, "Understanding read from the cache.");
            return kept;
        }
        Ok(Err(why)) => warn!(pack = pack.name(), %why, "The cache is not used."),
        Err(why) => debug!(pack = pack.name(), %why, "Nothing is cached for this pack."),
    }
    let learnt = Understanding::train_with(pack, learn);
    info!(pack = pack.name(), ms = clock::since(started).as_millis() as u64, "Understanding trained.");
    if let Err(why) = keep(&folder, &path, &learnt.to_bytes(pack)) {
        warn!(%why, "The understanding could not be cached; the next start learns it anew.");
    }
    learnt
}

/// Writes beside and renames, so that a reader finds all of it or nothing; then lets the oldest go.
fn keep(folder: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let beside = path.with_extension(format!("{}.part", clock::seed()));
    fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, path)).inspect_err(|_| {
        fs::remove_file(&beside).ok();
    })?;
    let mut kept: Vec<(std::time::SystemTime, PathBuf)> = fs::read_dir(folder)?
        .filter_map(Result::ok)
        .filter(|file| file.file_name().to_string_lossy().starts_with(PREFIX))
        .filter_map(|file| Some((file.metadata().ok()?.modified().ok()?, file.path())))
        .collect();
    kept.sort();
    kept.iter().rev().skip(KEPT).for_each(|(_, path)| {
        fs::remove_file(path).ok();
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_start_reads_what_the_first_learnt_and_damage_is_learnt_anew() {
        let pack = Pack::load(Path::new("packs/shop")).expect("the shop's pack is right");
        let data = tempfile::tempdir().expect("a folder");
        let first = understanding(&pack, data.path());
        let file = data.path().join("cache").join(format!("{PREFIX}{}.bin", Understanding::content_hash(&pack)));
        let bytes = fs::read(&file).expect("it was kept");
        let words = "where is my parcel";
        assert_eq!(understanding(&pack, data.path()).intents(words), first.intents(words));
        let mut damaged = bytes.clone();
        damaged[bytes.len() / 2] ^= 1;
        fs::write(&file, damaged).expect("written");
        assert_eq!(understanding(&pack, data.path()).intents(words), first.intents(words));
        assert_eq!(fs::read(&file).expect("it was kept again"), bytes);
    }

    #[test]
    fn the_oldest_are_let_go_and_nothing_else() {
        let data = tempfile::tempdir().expect("a folder");
        fs::write(data.path().join("phrases.bin"), "of somebody else").expect("written");
        for i in 0..KEPT + 3 {
            keep(data.path(), &data.path().join(format!("{PREFIX}{i}.bin")), b"x").expect("kept");
        }
        assert_eq!(fs::read_dir(data.path()).expect("there").count(), KEPT + 1);
    }
}
