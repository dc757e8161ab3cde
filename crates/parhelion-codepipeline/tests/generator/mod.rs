//! Makes Rust of `model/shapes.json`: types for the operations ([`types`]) and the facts that requests are judged
//! by ([`table`]). Plain text out of plain facts; nothing here runs outside this test.

mod model;
mod table;
mod types;

pub use model::Model;
pub use table::table;
pub use types::types;

/// `AllowedIPRange` → `allowed_ip_range`, `s3Location` → `s3_location`, `s3location` → `s3location`.
pub fn snake(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (i, c) in chars.iter().enumerate() {
        if c.is_ascii_uppercase() && i > 0 {
            let before = chars[i - 1];
            let starts_word = !before.is_ascii_uppercase()
                || chars.get(i + 1).is_some_and(|next| next.is_ascii_lowercase());
            if starts_word && before != '_' {
                out.push('_');
            }
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// `CODE_PIPELINE`, `GITHUB_HMAC`, `InProgress`, `AWS` as Rust variants: `GithubHmac`, `InProgress`, `Aws`.
pub fn camel(value: &str) -> String {
    snake(value)
        .split('_')
        .map(|part| {
            part.chars().take(1).flat_map(char::to_uppercase).chain(part.chars().skip(1)).collect::<String>()
        })
        .collect()
}
