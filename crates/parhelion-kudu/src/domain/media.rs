//! Media types by extension. Docs: what .NET maps extensions to, with three of the service's own.

/// The media type of a file's name; no charset.
pub fn type_of(name: &str) -> &'static str {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension).to_ascii_lowercase();
    match extension.as_str() {
        "js" => "application/javascript",
        "json" => "application/json",
        "md" | "txt" | "c" | "h" | "cs" | "bas" => "text/plain",
        "htm" | "html" | "hxt" => "text/html",
        "css" => "text/css",
        "xml" | "xsl" | "xslt" | "xsd" | "dtd" | "wsdl" => "text/xml",
        "csv" => "text/csv",
        "ics" => "text/calendar",
        "png" => "image/png",
        "jpg" | "jpeg" | "jpe" => "image/jpeg",
        "gif" => "image/gif",
        "bmp" => "image/bmp",
        "ico" => "image/x-icon",
        "svg" => "image/svg+xml",
        "tif" | "tiff" => "image/tiff",
        "pdf" => "application/pdf",
        "zip" => "application/x-zip-compressed",
        "gz" => "application/x-gzip",
        "tar" => "application/x-tar",
        "dll" | "exe" => "application/x-msdownload",
        "doc" => "application/msword",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xls" => "application/vnd.ms-excel",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "mp3" => "audio/mpeg",
        "wav" => "audio/wav",
        "mp4" => "video/mp4",
        "avi" => "video/x-msvideo",
        "woff" => "application/font-woff",
        "jar" => "application/java-archive",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_extension_counts() {
        assert_eq!(type_of("a.min.JS"), "application/javascript");
        assert_eq!(type_of("read.md"), "text/plain");
        assert_eq!(type_of("json"), "application/octet-stream");
        assert_eq!(type_of("a.unknown"), "application/octet-stream");
        assert_eq!(type_of(""), "application/octet-stream");
    }
}
