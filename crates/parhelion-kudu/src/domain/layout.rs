//! Where the artifacts of OneDeploy go, by their type and the path that is asked for.

use crate::store::{Layout, WWWROOT};

/// HOME as clients write it.
const HOME: [&str; 2] = ["/home/", "home/"];

/// What a client asks OneDeploy for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Artifact {
    /// `type`, as it was sent.
    pub kind: String,
    /// `path`, as it was sent; empty when it was not.
    pub path: String,
    /// `clean`, where it was said.
    pub clean: Option<bool>,
}

/// Where an artifact goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// The layout.
    pub layout: Layout,
    /// Whether the artifact is a zip to be unpacked; otherwise it is a file of that name below the layout's root.
    pub unpack: bool,
    /// A folder below the layout's root that unpacked files stand in, or the file's name. Without slashes at its ends.
    pub at: String,
}

/// Joins a relative path to a folder of HOME; `None` when it leads out of HOME.
pub fn under(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split(['/', '\\']).filter(|part| !part.is_empty() && *part != ".") {
        match part {
            ".." => drop(parts.pop()?),
            part if part.contains(['\0', ':']) => return None,
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Below HOME, if a path is written as an absolute one there.
fn absolute(path: &str) -> Option<String> {
    let path = path.replace('\\', "/");
    let lower = path.to_ascii_lowercase();
    if lower == "/home" || lower == "home" || lower == "%home%" {
        return Some(String::new());
    }
    let at = HOME.iter().chain(&["%home%/"]).find(|home| lower.starts_with(**home))?;
    under("", &path[at.len()..])
}

/// Works out where an artifact goes.
///
/// # Errors
/// The text of the 400.
pub fn of(artifact: &Artifact) -> Result<Destination, String> {
    let (kind, path) = (artifact.kind.trim().to_ascii_lowercase(), artifact.path.trim());
    let wwwroot = WWWROOT.trim_end_matches('/');
    let place = |root: &str, clean| Layout::Place { root: root.to_owned(), clean, one_deploy: true };
    let file = |root: &str, name: &str| Destination {
        layout: place(root, artifact.clean.unwrap_or(false)),
        unpack: false,
        at: name.to_owned(),
    };
    let unpacked = |root: &str, at: &str, clean| Destination {
        layout: place(root, clean),
        unpack: true,
        at: at.to_owned(),
    };
    match kind.as_str() {
        "" => Err("Artifact type '' not supported".to_owned()),
        "zip" => zip(path, artifact.clean.unwrap_or(true), wwwroot, unpacked),
        "war" => {
            if path.is_empty() {
                return Ok(file(wwwroot, "app.war"));
            }
            war(path, wwwroot, file, unpacked)
        }
        "jar" => Ok(file(wwwroot, "app.jar")),
        "ear" => Ok(file(wwwroot, "app.ear")),
        "lib" => below(path, "Lib", "site/libs", file),
        "script" => below(path, "Script", "site/scripts", file),
        "startup" => Ok(file("site/scripts", "startup.cmd")),
        "static" => {
            if path.is_empty() {
                return Err("Path must be defined for type=static".to_owned());
            }
            no_folder(path)?;
            if path.contains("..") {
                return Err(format!("Path '{path}' cannot contain '..'"));
            }
            let (folder, path) = match absolute(path) {
                Some(path) => (String::new(), path),
                None => (wwwroot.to_owned(), path.to_owned()),
            };
            named(&folder, &path).map(|(folder, name)| file(&folder, &name))
        }
        _ => Err(format!("type='{}' not recognized", artifact.kind)),
    }
}

fn zip(
    path: &str,
    clean: bool,
    wwwroot: &str,
    unpacked: impl Fn(&str, &str, bool) -> Destination,
) -> Result<Destination, String> {
    if path.contains("..") {
        return Err(format!("Path '{path}' cannot contain '..'"));
    }
    if let Some(folder) = absolute(path) {
        // Docs: nobody wants these emptied.
        if clean && ["", "site"].contains(&folder.to_ascii_lowercase().as_str()) {
            return Err(format!(
                "Clean deployments cannot be performed in the requested directory: {path}. Please choose a different \
                 directory or set clean=false."
            ));
        }
        return Ok(unpacked(&folder, "", clean));
    }
    let at = under("", path).ok_or_else(|| format!("Path '{path}' is not valid"))?;
    // OBSERVED: wwwroot as a whole is made equal to the package, also where that stands in a folder of it.
    Ok(unpacked(wwwroot, &at, clean))
}

fn war(
    path: &str,
    wwwroot: &str,
    file: impl Fn(&str, &str) -> Destination,
    unpacked: impl Fn(&str, &str, bool) -> Destination,
) -> Result<Destination, String> {
    let refused = || {
        format!(
            "path='{path}'. Only allowed path when type='war' is webapps/<directory-name> or \
             /home/site/wwwroot/webapps/<directory-name>. Example: path=webapps/ROOT"
        )
    };
    if path.ends_with('/') || path.contains("..") {
        return Err(refused());
    }
    let relative = match absolute(path) {
        None => path.to_owned(),
        Some(below_home) => match below_home.strip_prefix(WWWROOT) {
            Some(relative) => relative.to_owned(),
            None => return Err(refused()),
        },
    };
    let parts: Vec<&str> = relative.split('/').collect();
    match parts.as_slice() {
        [name] if name.len() > 4 && name.to_ascii_lowercase().ends_with(".war") => {
            named(wwwroot, name).map(|(folder, name)| file(&folder, &name))
        }
        [webapps, name] if webapps.eq_ignore_ascii_case("webapps") && !name.is_empty() => {
            let root = under(wwwroot, &format!("webapps/{name}")).ok_or_else(refused)?;
            Ok(unpacked(&root, "", true))
        }
        _ => Err(refused()),
    }
}

/// `lib` and `script`: a file below a folder of their own.
fn below(
    path: &str,
    kind: &str,
    folder: &str,
    file: impl Fn(&str, &str) -> Destination,
) -> Result<Destination, String> {
    if path.is_empty() {
        return Err(format!("Path must be defined for type='{kind}'"));
    }
    no_folder(path)?;
    let start = || format!("Absolute path for type='{kind}' must start with '/home/{folder}/'");
    let relative = match absolute(path) {
        Some(path) => path.strip_prefix(&format!("{folder}/")).ok_or_else(start)?.to_owned(),
        None if path.starts_with('/') => return Err(start()),
        None => path.to_owned(),
    };
    if relative.contains("..") {
        return Err(format!("Path '{path}' cannot contain '..'"));
    }
    named(folder, &relative).map(|(folder, name)| file(&folder, &name))
}

fn no_folder(path: &str) -> Result<(), String> {
    if path.ends_with('/') { Err("Path cannot end with a '/'".to_owned()) } else { Ok(()) }
}

/// A file's folder and name.
fn named(folder: &str, path: &str) -> Result<(String, String), String> {
    let whole = under(folder, path).filter(|whole| whole.len() > folder.len());
    let whole = whole.ok_or_else(|| format!("Path '{path}' is not valid"))?;
    let (folder, name) = whole.rsplit_once('/').unwrap_or(("", &whole));
    Ok((folder.to_owned(), name.to_owned()))
}

#[cfg(test)]
#[path = "layout_tests.rs"]
mod tests;
