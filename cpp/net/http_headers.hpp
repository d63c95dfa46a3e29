// What the headers of a response say about its body, about caching it and about asking again (RFC 9110 §8.4, §8.8,
// §10.2.3, RFC 9111 §4.2, §5.2.2).
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "net/fetch.hpp"

namespace authjwks {

class HttpHeaders {
  public:
    /// The limit of their size, in bytes, interim responses included.
    static constexpr std::size_t kMaxBytes = std::size_t{64} << 10;

    /// Adds one header line, with or without its line end; a status line begins a new set of headers. @return false
    /// once there are more than kMaxBytes of them.
    bool take(std::string_view line);

    /// Whether the body is encoded once at most, by gzip or deflate, over both Content-Encoding and Transfer-Encoding:
    /// a few bytes in several layers can take minutes to decode.
    bool is_decodable() const noexcept { return layers_ <= 1 && !has_unknown_coding_; }

    /// The freshness lifetime: max-age less the age on arrival, never negative. Nothing where the server forbids
    /// caching (max-age=0, no-cache, no-store), as many do for all their responses alike: that says nothing about keys.
    std::optional<std::chrono::seconds> lifetime() const;
    /// How long the server wants to be left alone; a date is compared with that of the response. Never negative.
    std::optional<std::chrono::seconds> retry_after() const;
    /// Only those that are printable, as they are sent back.
    const Validators& version() const noexcept { return version_; }

  private:
    void begin_again();
    void take_field(std::string_view name, std::string_view value);
    void take_cache_control(std::string_view directives);
    void count_codings(std::string_view codings);

    std::size_t bytes_ = 0;
    std::optional<std::chrono::seconds> max_age_;
    bool forbids_caching_ = false;
    std::chrono::seconds age_{0};
    std::string retry_after_, date_;
    Validators version_;
    unsigned int layers_ = 0;  // of encoding
    bool has_unknown_coding_ = false;
};

}  // namespace authjwks
