//! A pack with a mistake is refused with the file, the line and what to do.

#![allow(clippy::string_slice, reason = "the marks cut at are ASCII")]

use std::fs;
use std::path::Path;

use hotline::business::{Pack, PackError};

/// The shop with one change to one file must be refused, at the line of `marker`, with `what`.
#[track_caller]
fn check(file: &str, from: &str, to: &str, (marker, what): (&str, &str)) {
    let folder = tempfile::tempdir().unwrap();
    copy(Path::new("packs/shop"), folder.path());
    let path = folder.path().join(file);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{file} no longer holds {from:?}");
    let text = text.replacen(from, to, 1);
    fs::write(&path, &text).unwrap();
    let at = text.find(marker).unwrap_or_else(|| panic!("{marker:?} is not in {file}"));
    let line = 1 + text.bytes().take(at).filter(|b| *b == b'\n').count();
    match Pack::load(folder.path()) {
        Ok(_) => panic!("the pack was taken although {what}"),
        Err(PackError::Faulty(faults)) => {
            let expected = format!("{}:{line}: ", path.display());
            let found = faults.iter().map(ToString::to_string).any(|f| f.starts_with(&expected) && f.contains(what));
            assert!(found, "expected {expected}…{what}…, found:\n{}", PackError::Faulty(faults));
        }
        Err(e) => panic!("{e}"),
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let path = file.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() { copy(&path, &target) } else { fs::copy(&path, &target).map(|_| ()).unwrap() }
    }
}

const STATUS: &str = "flows/order_status.toml";
const STATUS_OF_SHOP: &str = "packs/shop/flows/order_status.toml";
const RETURN: &str = "flows/return_order.toml";

#[test]
fn a_write_without_confirmation() {
    check(RETURN, "goto = \"already\"", "goto = \"write\"", ("[[step]]\nid = \"write\"", "not every path to it asks first"));
}

#[test]
fn a_confirmation_that_does_not_read_back() {
    check(RETURN, ", because {{ said.reason }}", "", ("[[step]]\nid = \"write\"", "does not read back"));
}

#[test]
fn targets_slots_tools_and_fields() {
    check(STATUS, "goto = \"shipped\"", "goto = \"shiped\"", ("\"shiped\"", "did you mean shipped?"));
    check(STATUS, "collect = \"order\"", "collect = \"ordr\"", ("[[step]]\nid = \"ask\"", "no slot ordr"));
    check(STATUS, "call = \"my_orders\"", "call = \"my_ordres\"", ("[[step]]\ncall", "did you mean my_orders?"));
    check(RETURN, "args = { order = \"order\", reason", "args = { reason", ("[[step]]\nid = \"write\"", "needs order"));
    check(
        RETURN,
        "days = \"policy.return_days\"",
        "days = \"policy.retrun_days\"",
        ("[[step]]\nid = \"write\"", "did you mean return_days?"),
    );
    check(STATUS, "save = \"orders\"", "store = \"orders\"", ("store", "unknown field"));
    check(STATUS, "when = \"orders.count == 0\"", "when = \"orders.count ==\"", ("[[step]]\nbranch", "no expression"));
    check(STATUS, "kind = \"digits\"", "kind = \"digit\"", ("\"digit\"", "did you mean digits?"));
    check(STATUS, "key = \"1\"", "key = \"one\"", ("\"one\"", "no key"));
    check(STATUS, "min = 4\nmax = 5", "min = 5\nmax = 4", ("[slot.order]", "needs min and max"));
    check(STATUS, "kind = \"digits\"\nmin = 4\nmax = 5", "kind = \"code\"", ("[slot.order]", "pattern"));
    check(STATUS, "kind = \"digits\"", "kind = \"code\"\npattern = \"a-9\"", ("[slot.order]", "no code looks like"));
    check(STATUS, "kind = \"digits\"", "kind = \"date\"", ("[slot.order]", "takes no min"));
}

#[test]
fn texts_that_cannot_be_said() {
    check(STATUS, "en = \"Let me look that up.\"", "en = \"**Let me look.**\"", ("{ en = \"**", "no voice can say"));
    check(STATUS, "en = \"Let me look that up.\", ", "", ("{ zh = \"我帮您查一下", "missing in en"));
    check(STATUS, "Let me look that up.", &"word ".repeat(30), ("{ en = \"word", "30 words"));
    check(STATUS, "Let me look that up.", "{{ nothing }}", ("[[step]]\ncall", "nothing may not be set"));
    check(STATUS, "Let me look that up.", "{% if %}", ("{ en = \"{% if", "no template"));
    for (text, what) in [
        ("See https://example.com now.", "web address"),
        ("Mail help@example.com.", "e-mail address"),
        ("Well done 🎉.", "no voice can say"),
        ("Call 10086 now.", "10086"),
        ("Order {{ order }} it is.", "write {{ order | digits }}"),
    ] {
        let at = if text.contains("{{") { "[[step]]\ncall" } else { "{ en = \"" };
        let marker = if text.contains("{{") { at.to_owned() } else { format!("{at}{text}") };
        check(STATUS, "Let me look that up.", text, (&marker, what));
    }
    let long = "word ".repeat(20) + ". " + &"word ".repeat(20) + ".";
    check(STATUS, "Which order do you mean?", &long, ("[[step]]\nid = \"ask\"", "question has"));
    check(STATUS, "max = 5\n", "max = 5\nsensitive = true\n", ("[[step]]\nid = \"processing\"", "must not be said"));
}

#[test]
fn paths_that_lead_nowhere_or_too_early() {
    check(
        STATUS,
        "id = \"processing\"",
        "id = \"processing\"\nnext = \"late\"\n[[step]]\nid = \"orphan\"",
        ("[[step]]\nid = \"processing\"", "exactly one thing"),
    );
    check(STATUS, "goto = \"no_orders\"", "goto = \"delivered\"", ("[[step]]\nid = \"delivered\"", "order may not be set"));
    check(
        RETURN,
        "goto = \"too_late\"",
        "goto = \"declined\"",
        ("[[step]]\nid = \"too_late\"", "nothing leads to step too_late"),
    );
}

#[test]
fn a_value_that_goes_over_into_another_flow_stays_what_it_is() {
    let (from, linked) = ("end = true\n", "link = \"return_order\"\n");
    let secret = |text: &str| text.replacen("max = 5\n", "max = 5\nsensitive = true\n", 1);
    let folder = tempfile::tempdir().unwrap();
    copy(Path::new("packs/shop"), folder.path());
    let path = folder.path().join(STATUS);
    let text = secret(&fs::read_to_string(&path).unwrap().replacen(from, linked, 1));
    fs::write(&path, &text).unwrap();
    let faults = Pack::load(folder.path()).unwrap_err().to_string();
    assert!(faults.contains("order is sensitive here and not in return_order"), "{faults}");
    let kind = "kind = \"digits\"\nmin = 4\nmax = 5";
    fs::write(&path, fs::read_to_string(STATUS_OF_SHOP).unwrap().replacen(from, linked, 1).replacen(kind, "kind = \"text\"", 1))
        .unwrap();
    let faults = Pack::load(folder.path()).unwrap_err().to_string();
    assert!(faults.contains("order is of another kind in return_order"), "{faults}");
}

#[test]
fn an_intent_with_few_phrasings_is_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    copy(Path::new("packs/shop"), folder.path());
    let path = folder.path().join(RETURN);
    let text = fs::read_to_string(&path).unwrap();
    let begin = text.find("zh = [").unwrap();
    let end = begin + text[begin..].find("]\n").unwrap();
    fs::write(&path, format!("{}zh = [\"我要退货\", \"退货\"{}", &text[..begin], &text[end..])).unwrap();
    let pack = Pack::load(folder.path()).unwrap_or_else(|e| panic!("{e}"));
    assert!(pack.flows().contains_key("return_order"), "a warning takes nothing away");
    let warning = pack.warnings().iter().map(ToString::to_string).find(|w| w.contains("only 2 ways")).unwrap();
    assert!(warning.starts_with(&format!("{}:", path.display())) && warning.contains("write 20"), "{warning}");
}

#[test]
fn the_manifest_the_answers_and_the_tools() {
    check("pack.toml", "[prompt.greeting]", "[prompt.greting]", ("greting", "did you mean greeting?"));
    check("pack.toml", "handoff = \"agent\"", "handof = \"agent\"", ("handof", "unknown field"));
    check(
        "faq.toml",
        "id = \"warranty\"",
        "id = \"payment\"",
        ("[[entry]]\nid = \"payment\"\nabout = { en = \"ways", "two entries"),
    );
    check("faq.toml", "\"when are you open\"", "\"where is my order\"", ("\"where is my order\"", "starts both"));
    check("tools.toml", "effect = \"reads\"", "effect = \"looks\"", ("\"looks\"", "unknown variant"));
}

#[test]
fn a_folder_without_a_pack() {
    let e = Pack::load(Path::new("packs/nowhere")).unwrap_err().to_string();
    assert!(e.contains("packs/nowhere/pack.toml") && e.contains("a pack is a folder with pack.toml"), "{e}");
}
