//! Reading a path.

use super::{PATH_CHARS, Predicate, Step};

/// The steps of a whole path.
///
/// # Errors
/// One sentence.
pub(super) fn steps(path: &str) -> Result<Vec<Step>, String> {
    let chars: Vec<char> = path.trim().chars().collect();
    if chars.len() > PATH_CHARS {
        return Err(format!("it has more than {PATH_CHARS} characters"));
    }
    // `$` is the root when it stands alone or before a step; `$ref` is a name.
    let rooted = chars.first() == Some(&'$') && matches!(chars.get(1), None | Some('.' | '['));
    let mut at = usize::from(rooted);
    let mut steps = Vec::new();
    // A path may start with a bare name.
    let mut name_may_follow = at == 0;
    while at < chars.len() {
        match chars[at] {
            '.' => {
                at += 1;
                if chars.get(at) == Some(&'.') {
                    at += 1;
                    steps.push(Step::Deep);
                    if chars.get(at) == Some(&'[') {
                        continue;
                    }
                }
                name_may_follow = true;
                if at == chars.len() {
                    return Err(format!("a name is missing after `.` at character {at}"));
                }
            }
            '[' => {
                let (step, end) = bracket(&chars, at, 0)?;
                steps.push(step);
                at = end;
                name_may_follow = false;
            }
            _ if name_may_follow => {
                let end =
                    chars[at..].iter().position(|c| matches!(c, '.' | '[')).map_or(chars.len(), |n| at + n);
                let name: String = chars[at..end].iter().collect();
                steps.push(if name == "*" { Step::All } else { Step::Name(name) });
                at = end;
                name_may_follow = false;
            }
            c => return Err(format!("`{c}` is not expected at character {}", at + 1)),
        }
    }
    Ok(steps)
}

/// The steps after the `@` or `$` of a condition, which a blank or an operator ends; gives where.
pub(super) fn within(chars: &[char], from: usize, depth: usize) -> Result<(Vec<Step>, usize), String> {
    let ends = |c: &char| c.is_whitespace() || ".[])=!<>&|,".contains(*c);
    let (mut steps, mut at) = (Vec::new(), from);
    loop {
        match chars.get(at) {
            Some('.') => {
                at += 1;
                if chars.get(at) == Some(&'.') {
                    at += 1;
                    steps.push(Step::Deep);
                    if chars.get(at) == Some(&'[') {
                        continue;
                    }
                }
                let rest = chars.get(at..).unwrap_or_default();
                let end = at + rest.iter().position(ends).unwrap_or(rest.len());
                let name: String = rest.iter().take(end - at).collect();
                match name.as_str() {
                    "" => return Err(format!("a name is missing after `.` at character {at}")),
                    "*" => steps.push(Step::All),
                    _ => steps.push(Step::Name(name)),
                }
                at = end;
            }
            Some('[') => {
                let (step, end) = bracket(chars, at, depth)?;
                steps.push(step);
                at = end;
            }
            _ => return Ok((steps, at)),
        }
    }
}

/// One `[…]` from its bracket on, in so many conditions; gives where it ends.
fn bracket(chars: &[char], open: usize, depth: usize) -> Result<(Step, usize), String> {
    let unclosed = || format!("`[` is not closed at character {}", open + 1);
    let blanks = |from: usize| from + chars.iter().skip(from).take_while(|c| **c == ' ').count();
    let mut at = blanks(open + 1);
    if chars.get(at) == Some(&'?') {
        let (predicate, end) = Predicate::read(chars, at + 1, depth)?;
        let end = blanks(end);
        return match chars.get(end) {
            Some(']') => Ok((Step::Where(predicate), end + 1)),
            _ => Err(unclosed()),
        };
    }
    if !matches!(chars.get(at), Some('\'' | '"')) {
        let rest = chars.get(open + 1..).unwrap_or_default();
        let len = rest.iter().position(|c| *c == ']').ok_or_else(unclosed)?;
        let inner: String = rest.iter().take(len).collect();
        return Ok((plain(inner.trim())?, open + len + 2));
    }
    let mut names = Vec::new();
    loop {
        let (name, end) = quoted(chars, at).ok_or_else(unclosed)?;
        names.push(name);
        at = blanks(end);
        match chars.get(at) {
            Some(',') => at = blanks(at + 1),
            Some(']') => break,
            _ => return Err(unclosed()),
        }
    }
    let step = match <[String; 1]>::try_from(names) {
        Ok([name]) => Step::Name(name),
        Err(names) => Step::Names(names),
    };
    Ok((step, at + 1))
}

/// A name in quotes, from its quote on; gives where it ends.
pub(super) fn quoted(chars: &[char], open: usize) -> Option<(String, usize)> {
    let quote = chars.get(open).filter(|c| matches!(c, '\'' | '"'))?;
    let mut name = String::new();
    let mut rest = chars.iter().enumerate().skip(open + 1);
    while let Some((at, c)) = rest.next() {
        match c {
            '\\' => name.push(*rest.next()?.1),
            c if c == quote => return Some((name, at + 1)),
            c => name.push(*c),
        }
    }
    None
}

/// What stands in brackets without quotes.
fn plain(inner: &str) -> Result<Step, String> {
    let unsupported = || format!("`[{inner}]` is not supported");
    let index = |text: &str| {
        let text = text.trim();
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| text.parse().unwrap_or(usize::MAX))
    };
    if inner == "*" {
        return Ok(Step::All);
    }
    if let Some(index) = index(inner) {
        return Ok(Step::Index(index));
    }
    if inner.contains(',') {
        let all: Option<Vec<usize>> = inner.split(',').map(index).collect();
        return all.map(Step::Indexes).ok_or_else(unsupported);
    }
    let mut slice = [None; 3];
    let parts: Vec<&str> = inner.split(':').map(str::trim).collect();
    if !(2..=3).contains(&parts.len()) {
        return Err(unsupported());
    }
    for (place, part) in slice.iter_mut().zip(parts) {
        if !part.is_empty() {
            *place = Some(part.parse().map_err(|_| unsupported())?);
        }
    }
    if slice[2] == Some(0) { Err("a slice's step cannot be 0".to_owned()) } else { Ok(Step::Slice(slice)) }
}
