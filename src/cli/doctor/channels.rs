//! Which social apps are ready: their secrets in the environment, and what their voice notes need.
//! Never shows a secret, only the name of the variable that is not set.

use super::Finding;
use crate::config::{ChannelsConfig, EventsConfig};

const AREA: &str = "channels";

/// One channel: its name, the setting that it needs, the variables that it needs, and those that it is better with.
struct Wanted<'a> {
    name: &'static str,
    setting: Option<(&'static str, &'a str)>,
    needed: Vec<&'a str>,
    better: Vec<(&'a str, &'static str)>,
}

/// A line for each channel of which something is configured, and one for AMR voice notes where there is any channel.
pub fn channels(config: &ChannelsConfig, has: impl Fn(&str) -> bool, decodes_amr: bool) -> Vec<Finding> {
    let all = wanted(config);
    let begun = all.iter().filter(|channel| channel.is_begun(&has));
    let mut findings: Vec<_> = begun.flat_map(|channel| channel.findings(&has)).collect();
    if !findings.is_empty() {
        findings.push(if decodes_amr {
            Finding::well(AREA, "voice notes: Ogg/Opus, and AMR by ffmpeg")
        } else {
            let fix = "sudo apt-get install -y ffmpeg";
            Finding::lacking(AREA, "voice notes: Ogg/Opus; who sends AMR (WeChat) is asked to type", fix)
        });
    }
    findings
}

/// Whether devices and shops may tell what happens to a customer.
pub fn events(config: &EventsConfig, has: impl Fn(&str) -> bool) -> Finding {
    let variable = &config.secret_env;
    if has(variable) {
        Finding::well("events", "POST /v1/events has its secret")
    } else {
        Finding::lacking("events", "POST /v1/events is off", format!("set {variable} to a long random text, and sign with it"))
    }
}

fn wanted(config: &ChannelsConfig) -> [Wanted<'_>; 3] {
    let (telegram, whatsapp, wechat) = (&config.telegram, &config.whatsapp, &config.wechat);
    [
        Wanted { name: "telegram", setting: None, needed: vec![&telegram.secret_env, &telegram.token_env], better: Vec::new() },
        Wanted {
            name: "whatsapp",
            setting: Some(("http.channels.whatsapp.number_id", &whatsapp.number_id)),
            needed: vec![&whatsapp.secret_env, &whatsapp.verify_env, &whatsapp.token_env],
            better: Vec::new(),
        },
        Wanted {
            name: "wechat",
            setting: Some(("http.channels.wechat.app_id", &wechat.app_id)),
            needed: vec![&wechat.token_env],
            better: vec![
                (&wechat.aes_key_env, "messages come in plain and their text is not signed"),
                (&wechat.secret_env, "photos, voice notes and late answers are lost"),
            ],
        },
    ]
}

impl Wanted<'_> {
    fn is_begun(&self, has: impl Fn(&str) -> bool) -> bool {
        self.setting.is_some_and(|(_, value)| !value.is_empty()) || self.needed.iter().any(|name| has(name))
    }

    fn findings(&self, has: impl Fn(&str) -> bool) -> Vec<Finding> {
        let name = self.name;
        let mut missing: Vec<_> = self.needed.iter().copied().filter(|variable| !has(variable)).collect();
        missing.extend(self.setting.filter(|(_, value)| value.is_empty()).map(|(setting, _)| setting));
        if !missing.is_empty() {
            return vec![Finding::lacking(AREA, format!("{name} is off"), format!("set {}", missing.join(" ")))];
        }
        let without = self.better.iter().filter(|(variable, _)| !has(variable));
        let lacking =
            without.map(|(variable, what)| Finding::lacking(AREA, format!("{name}: {what}"), format!("set {variable}")));
        std::iter::once(Finding::well(AREA, format!("{name} has its secrets"))).chain(lacking).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::State;

    fn told(config: &ChannelsConfig, set: &[&str], decodes_amr: bool) -> Vec<(String, Option<String>)> {
        let findings = channels(config, |name| set.contains(&name), decodes_amr);
        let fix = |state| match state {
            State::Well => None,
            State::Lacking(fix) | State::Broken(fix) => Some(fix),
        };
        findings.into_iter().map(|finding| (finding.what, fix(finding.state))).collect()
    }

    #[test]
    fn only_channels_that_were_begun_are_told_each_with_what_it_misses() {
        let mut config = ChannelsConfig::default();
        assert_eq!(told(&config, &[], true), []);
        let half = told(&config, &["TELEGRAM_BOT_TOKEN"], false);
        assert_eq!(half[0], ("telegram is off".to_owned(), Some("set TELEGRAM_WEBHOOK_SECRET".to_owned())));
        assert!(half[1].1.as_ref().is_some_and(|fix| fix.contains("ffmpeg")), "{half:?}");
        let whatsapp = ["WHATSAPP_APP_SECRET", "WHATSAPP_VERIFY_TOKEN", "WHATSAPP_ACCESS_TOKEN"];
        assert_eq!(told(&config, &whatsapp, true)[0].1.as_deref(), Some("set http.channels.whatsapp.number_id"));
        config.wechat.app_id = "wx1".to_owned();
        let wechat = told(&config, &["WECHAT_TOKEN", "WECHAT_APP_SECRET"], true);
        assert_eq!(wechat[0], ("wechat has its secrets".to_owned(), None));
        assert_eq!(wechat[1].1.as_deref(), Some("set WECHAT_AES_KEY"));
        assert_eq!(wechat.len(), 3);
    }

    #[test]
    fn events_are_told_with_the_variable_that_they_miss() {
        let config = EventsConfig::default();
        assert_eq!(events(&config, |name| name == "HOTLINE_EVENTS_SECRET").state, State::Well);
        let State::Lacking(fix) = events(&config, |_| false).state else { panic!("the line works without it") };
        assert!(fix.starts_with("set HOTLINE_EVENTS_SECRET"), "{fix}");
    }
}
