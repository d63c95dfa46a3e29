#include "jose/token.hpp"

#include <algorithm>

#include "base/base64url.hpp"
#include "jose/key_set.hpp"
#include "jose/token_part.hpp"

namespace authjwks {
namespace {

constexpr std::string_view kIssuer = "iss";

/// What text is that is no compact JWS.
Errc refuse_by_parts(std::string_view text) {
    constexpr std::size_t dots_of_jwe = 4;
    std::size_t dots = 0;
    for (auto dot = text.find('.'); dot != std::string_view::npos && dots <= dots_of_jwe; dot = text.find('.', dot + 1))
        ++dots;
    if (dots == 0) return Errc::opaque;
    return dots == dots_of_jwe ? Errc::encrypted : Errc::not_three_parts;
}

}  // namespace

Result<CompactToken> split_compact(std::string_view text, std::size_t max_bytes) {
    if (text.size() > max_bytes) return Errc::too_long;
    constexpr auto none = std::string_view::npos;
    const auto first = text.find('.');
    const auto last = first == none ? none : text.find('.', first + 1);
    if (last == none || text.find('.', last + 1) != none) return refuse_by_parts(text);
    const CompactToken token{.header = text.substr(0, first),
                             .payload = text.substr(first + 1, last - first - 1),
                             .signature = text.substr(last + 1),
                             .signing_input = text.substr(0, last)};
    if (token.header.empty() || token.signature.empty()) return Errc::not_three_parts;
    return token;
}

Result<ParsedToken> ParsedToken::parse(const CompactToken& token, const AlgorithmSet& allowed, Scratch& scratch) {
    const auto header = scratch.headers.read(token.header);
    if (!header) return header.error();
    if (!allowed.contains(*(*header)->algorithm)) return Errc::unsupported_alg;

    ParsedToken parsed;
    parsed.header_ = *header;
    scratch.signature.resize(base64url::decoded_bound(token.signature.size()));
    const auto signature_size = base64url::decode(token.signature, scratch.signature.data());
    if (!signature_size) return Errc::bad_base64url;
    parsed.signature_ = std::string_view(scratch.signature).substr(0, *signature_size);
    parsed.signing_input_ = token.signing_input;
    parsed.payload_ = token.payload;
    parsed.scratch_ = &scratch;
    return parsed;
}

Result<VerifiedToken> VerifiedToken::check(const ParsedToken& token, const KeySet& keys) {
    const auto candidates = keys.find(token.key_id(), token.algorithm());
    if (candidates.keys().empty())
        return token.key_id() && keys.has_skipped(*token.key_id()) ? Errc::unusable_key : Errc::unknown_key;
    const bool signed_by_one = std::ranges::any_of(candidates.keys(), [&token](const PublicKey* key) {
        return key->verifies(token.signing_input(), token.signature());
    });
    if (!signed_by_one) return Errc::bad_signature;
    return VerifiedToken(token);
}

Result<std::string_view> VerifiedToken::payload() const {
    json::Document& document = token_.scratch_->claims;
    const auto size = decode_part(token_.payload_, document);
    if (!size) return Errc::bad_base64url;
    return std::string_view(document.room(0).data(), *size);
}

Result<json::Object> VerifiedToken::claims() const {
    if (token_.claims_) return *token_.claims_;
    return token_.read_claims();
}

Result<json::Object> ParsedToken::read_claims() const {
    return read_part(payload_, scratch_->claims, Errc::bad_claims);
}

Result<std::string_view, Refusal> ParsedToken::claimed_issuer() {
    const auto claims = read_claims();
    if (!claims) return Refusal(claims.error());
    claims_ = *claims;
    const auto issuer = json::member(*claims_, kIssuer);
    if (!issuer) return Refusal(Errc::claim_missing, kIssuer);
    const auto text = json::text_of(*issuer);
    if (!text) return Refusal(Errc::claim_invalid, kIssuer);
    return *text;
}

}  // namespace authjwks
