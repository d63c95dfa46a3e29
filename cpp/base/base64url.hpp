// Strict base64url without padding (RFC 4648 §5, RFC 7515 §2): exactly one valid text for each byte string.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace authjwks::base64url {

/// Bytes that decoding `text` can need at most.
constexpr std::size_t decoded_bound(std::size_t text_size) { return text_size / 4 * 3 + 2; }

/// Decodes into `out`, which has space for decoded_bound(text.size()) bytes. @return the number of bytes written;
/// nothing for any character outside the alphabet (padding and blanks included), an impossible length, or spare bits
/// that are not zero.
std::optional<std::size_t> decode(std::string_view text, char* out);

/// The same, into a new string.
std::optional<std::string> decode(std::string_view text);

}  // namespace authjwks::base64url
