// URLs that documents may be fetched from, checked once.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace authjwks {

class Url {
  public:
    /// @return nothing unless `text` is an absolute https URL (http too where `allow_http`) with a host and without
    /// user
    ///         information, fragment, blanks or control characters, of at most 2,048 bytes. @throws
    ///         std::invalid_argument when there is no libcurl, as net::curl() does.
    static std::optional<Url> parse(std::string_view text, bool allow_http);

    const std::string& text() const noexcept { return text_; }
    bool is_secure() const noexcept { return secure_; }
    /// Scheme, host and port, as text that is the same for all URLs of one origin (RFC 6454 §4).
    const std::string& origin() const noexcept { return origin_; }

  private:
    Url(std::string text, std::string origin, bool secure)
        : text_(std::move(text)), origin_(std::move(origin)), secure_(secure) {}

    std::string text_, origin_;
    bool secure_;
};

/// `url` less the slash at its end, if it has one.
constexpr std::string_view without_slash(std::string_view url) {
    if (url.ends_with('/')) url.remove_suffix(1);
    return url;
}

}  // namespace authjwks
