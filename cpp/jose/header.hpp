// The header of a token: its algorithm, key and type (RFC 7515 §4.1). Tokens of one key have the same header, so parsed
// headers are cached by their text.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"
#include "jose/algorithm.hpp"

namespace authjwks {

/// How deep a token's header or claims may be nested.
inline constexpr std::size_t kMaxTokenDepth = 32;

struct Header {
    const Algorithm* algorithm = nullptr;
    std::optional<std::string> key_id, type;  ///< `kid` and `typ`, as written
};

/// Used by one thread at a time.
class HeaderReader {
  public:
    /// Reads a header's base64url text. `jwk`, `jku`, `x5u`, `x5c` and unknown members are ignored: a token cannot
    /// supply its own key. Every `crit` is refused, as no extension is supported (RFC 7515 §4.1.11), and so is a
    /// payload that is not encoded (RFC 7797). @return the header, valid until the next call.
    Result<const Header*> read(std::string_view text);

  private:
    static constexpr std::size_t kKnown = 8;
    static constexpr std::size_t kMaxCachedBytes = 512;  // characters
    struct Known {
        std::string text;
        Header header;
    };

    json::Document document_{kMaxTokenDepth};
    std::array<Known, kKnown> known_;
    Header last_;  // one that is not cached
};

}  // namespace authjwks
