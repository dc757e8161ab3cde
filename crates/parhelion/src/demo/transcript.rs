//! What the demo prints: who sent what, what came back, what was delivered.

use super::client::Answer;
use super::receiver::Received;
use crate::settings::Colour;
use serde_json::Value;
use std::io::IsTerminal;

/// Longest piece of a body that is shown, bytes.
const SHOWN: usize = 600;

/// A transcript on standard output.
pub struct Transcript {
    colour: bool,
}

impl Transcript {
    /// With colours as wished.
    pub fn new(colour: Colour) -> Self {
        let colour = match colour {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
        };
        Transcript { colour }
    }
    fn painted(&self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
    /// The title of a scene.
    pub fn title(&self, title: &str) {
        println!("\n{}", self.painted("1", &format!("━━ {title}")));
    }
    /// What is about to be done, in words.
    pub fn say(&self, text: &str) {
        println!("{}", self.painted("2", &format!("   {text}")));
    }
    /// A request that is sent.
    pub fn sent(&self, what: &str, body: &str) {
        println!("{} {what}", self.painted("36", "→"));
        self.body(body);
    }
    /// The answer.
    pub fn answered(&self, answer: &Answer, body: &str) {
        let code = if answer.status < 400 { "32" } else { "31" };
        println!("{} {}", self.painted(code, "←"), self.painted(code, &answer.status.to_string()));
        self.body(body);
    }
    /// A webhook that arrived at the demo's receiver.
    pub fn delivered(&self, received: &Received) {
        println!("{} POST {}", self.painted("35", "⇐ delivered"), received.path);
        for (name, value) in &received.headers {
            if !matches!(name.as_str(), "host" | "accept" | "content-length" | "connection") {
                println!("     {name}: {}", String::from_utf8_lossy(value.as_bytes()));
            }
        }
        self.body(&String::from_utf8_lossy(&received.body));
    }
    /// How a scene came out.
    pub fn outcome(&self, scene: &str, outcome: &Result<(), String>) {
        match outcome {
            Ok(()) => println!("{} {scene}", self.painted("1;32", "ok    ")),
            Err(why) => println!("{} {scene}: {why}", self.painted("1;31", "FAILED")),
        }
    }
    fn body(&self, body: &str) {
        if body.is_empty() {
            return;
        }
        // Compact: one line of JSON is read faster than forty.
        let text = serde_json::from_str::<Value>(body)
            .map_or_else(|_| body.trim_end().to_owned(), |v| v.to_string());
        let short = parhelion_core::text::prefix(&text, SHOWN);
        let more =
            if short.len() < text.len() { format!(" … ({} bytes)", text.len()) } else { String::new() };
        for line in short.lines() {
            println!("     {}", self.painted("2", line));
        }
        if !more.is_empty() {
            println!("     {}", self.painted("2", more.trim_start()));
        }
    }
}
