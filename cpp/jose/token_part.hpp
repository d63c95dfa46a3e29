// Decodes one part of a compact token from base64url (RFC 7515 §3.1).
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"

namespace authjwks {

/// Decodes a part into the document's buffer. @return the number of bytes there; nothing for text that is not
/// base64url.
std::optional<std::size_t> decode_part(std::string_view text, json::Document& document);

/// Reads a part as a JSON object of distinct members, which refers to the document. @return bad_base64url,
/// number_out_of_range, or `otherwise` for anything else.
Result<json::Object> read_part(std::string_view text, json::Document& document, Errc otherwise);

}  // namespace authjwks
