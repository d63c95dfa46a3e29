#include "jose/token_part.hpp"

#include "base/base64url.hpp"
#include "base/lenient_json.hpp"

namespace authjwks {

std::optional<std::size_t> decode_part(std::string_view text, json::Document& document) {
    return base64url::decode(text, document.room(base64url::decoded_bound(text.size())).data());
}

Result<json::Object> read_part(std::string_view text, json::Document& document, Errc otherwise) {
    const auto size = decode_part(text, document);
    if (!size) return Errc::bad_base64url;
    const auto value = document.parse(*size);
    if (!value && json::is_refused_for_range(document, *size)) return Errc::number_out_of_range;
    const auto object = value ? json::as<json::Object>(*value) : std::nullopt;
    if (!object || !json::members_are_distinct(*value)) return otherwise;
    return *object;
}

}  // namespace authjwks
