//! The deployment script as a client may download it.

use std::io::{Cursor, Write};
use zip::result::ZipError;
use zip::write::{SimpleFileOptions, ZipWriter};

/// A script that does what the emulator's copy does: the tool that copies with a manifest is the real service's.
const SCRIPT: &str = "@echo off\r\n\
setlocal\r\n\
if not defined DEPLOYMENT_SOURCE set DEPLOYMENT_SOURCE=%~dp0.\r\n\
if not defined DEPLOYMENT_TARGET set DEPLOYMENT_TARGET=%~dp0..\\wwwroot\r\n\
call kudusync -v 50 -f \"%DEPLOYMENT_SOURCE%\" -t \"%DEPLOYMENT_TARGET%\" -n \"%NEXT_MANIFEST_PATH%\" \
-p \"%PREVIOUS_MANIFEST_PATH%\" -i \".git;.hg;.deployment;deploy.cmd\"\r\n\
if errorlevel 1 exit /b 1\r\n\
echo Finished successfully.\r\n";
const FILE: &str = "[config]\r\ncommand = deploy.cmd\r\n";

/// `deploy.cmd` and `.deployment` in a zip.
///
/// # Errors
/// None that writing to memory has.
pub fn zip() -> Result<Vec<u8>, ZipError> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in [("deploy.cmd", SCRIPT), (".deployment", FILE)] {
        zip.start_file(name, SimpleFileOptions::default())?;
        zip.write_all(content.as_bytes()).map_err(ZipError::Io)?;
    }
    Ok(zip.finish()?.into_inner())
}
