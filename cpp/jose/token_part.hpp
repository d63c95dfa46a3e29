// One part of a compact token, out of its base64url text (RFC 7515 §3.1).
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"

namespace authjwks {

/// Decodes a part into the document's room. @return the number of bytes there; nothing for text that is not base64url.
std::optional<std::size_t> decode_part(std::string_view text, json::Document& document);

/// Reads a part as a JSON object of distinct members, which lives in the document.
/// @return bad_base64url, number_out_of_range, or `otherwise` for a part that is no such object.
Result<json::Object> read_part(std::string_view text, json::Document& document, Errc otherwise);

}  // namespace authjwks
