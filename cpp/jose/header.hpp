// The header of a token: what it says of algorithm, key and type (RFC 7515 §4.1). Tokens of one key repeat one header,
// so that headers read before are known again by their text.
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

/// How many objects and arrays a token's header or claims may nest.
inline constexpr std::size_t kMaxTokenDepth = 32;

struct Header {
    const Algorithm* algorithm = nullptr;
    std::optional<std::string> key_id, type;  ///< `kid` and `typ`, as written
};

/// Belongs to one thread at a time.
class HeaderReader {
  public:
    /// Reads a header's base64url text. `jwk`, `jku`, `x5u`, `x5c` and members without a meaning here are ignored: a
    /// token never brings its own key. Every `crit` is refused, for no extension is understood (RFC 7515 §4.1.11), and
    /// so is a payload that is not encoded (RFC 7797). @return the header, valid until the next call.
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
    Header last_;  // one that is not worth keeping
};

}  // namespace authjwks
