#include "jose/header.hpp"

#include <functional>
#include <utility>

#include "jose/token_part.hpp"

namespace authjwks {
namespace {

/// RFC 7797: `b64` false means that the payload is not encoded; true is the default of RFC 7515.
std::optional<Errc> refuse_unencoded(json::Value b64) {
    const auto encoded = json::as<bool>(b64);
    if (!encoded) return Errc::bad_header_member;
    return *encoded ? std::nullopt : std::optional(Errc::unencoded_payload);
}

std::optional<Errc> read_member(std::string_view name, json::Value value, Header& header) {
    if (name == "crit") return Errc::critical_extension;
    if (name == "b64") return refuse_unencoded(value);
    std::optional<std::string>* place = nullptr;
    if (name == "kid") place = &header.key_id;
    if (name == "typ") place = &header.type;
    if (place == nullptr && name != "alg") return std::nullopt;
    const auto text = json::text_of(value);
    if (!text) return Errc::bad_header_member;
    if (place != nullptr) {
        place->emplace(*text);
        return std::nullopt;
    }
    const auto algorithm = find_algorithm(*text);
    if (!algorithm) return algorithm.error();
    header.algorithm = *algorithm;
    return std::nullopt;
}

Result<Header> read_unknown(std::string_view text, json::Document& document) {
    const auto members = read_part(text, document, Errc::bad_header);
    if (!members) return members.error();
    Header header;
    for (const auto [name, member] : *members)
        if (const auto refusal = read_member(name, member, header)) return *refusal;
    if (header.algorithm == nullptr) return Errc::unsupported_alg;
    return header;
}

}  // namespace

Result<const Header*> HeaderReader::read(std::string_view text) {
    const bool worth_keeping = !text.empty() && text.size() <= kMaxCachedBytes;
    Known& known = known_[std::hash<std::string_view>{}(text) % kKnown];
    if (worth_keeping && known.text == text) return &known.header;
    auto header = read_unknown(text, document_);
    if (!header) return header.error();
    if (!worth_keeping) {
        last_ = *std::move(header);
        return &last_;
    }
    known.text = text;
    known.header = *std::move(header);
    return &known.header;
}

}  // namespace authjwks
