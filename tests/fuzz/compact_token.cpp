// Whether a compact token can be told apart from every other text, and passes only if its issuer made it.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "jose/key_set.hpp"
#include "jose/token.hpp"
#include "support/base64url_model.hpp"
#include "support/expect.hpp"
#include "support/issued.hpp"
#include "support/json_model.hpp"

namespace authjwks {
namespace {

constexpr std::size_t kMaxBytes = 4096;

AlgorithmSet all_algorithms() {
    AlgorithmSet all;
    for (const Algorithm& row : kAlgorithms) all.insert(row);
    return all;
}

void check_cut(std::string_view text, const Result<CompactToken>& token) {
    const bool three_parts = std::ranges::count(text, '.') == 2 && text.front() != '.' && text.back() != '.';
    fuzz::expect(bool(token) == (three_parts && text.size() <= kMaxBytes), "a token is cut if it is three parts");
    if (!token) return;
    const auto joined =
        std::string(token->header).append(".").append(token->payload).append(".").append(token->signature);
    fuzz::expect(joined == text && text.starts_with(token->signing_input), "the parts are the text");
}

/// What no header that was read may be, by a reading of our own.
void check_header(std::string_view text, const ParsedToken& parsed) {
    const auto bytes = fuzz::from_base64url(text);
    const auto header = bytes ? fuzz::JsonModel::read(*bytes) : std::nullopt;
    fuzz::expect(header && header->object() != nullptr, "the header is a JSON object in strict base64url");
    fuzz::expect(header->names_are_distinct() && header->depth() <= kMaxTokenDepth, "its names are distinct");
    fuzz::expect(header->member("crit") == nullptr, "no extension is understood");
    const auto *alg = header->member("alg"), *b64 = header->member("b64");
    fuzz::expect(b64 == nullptr || b64->is_true(), "the payload is encoded");
    fuzz::expect(alg != nullptr && alg->text() != nullptr && *alg->text() == parsed.algorithm().name, "alg as written");
    for (const auto& [name, read] : {std::pair("kid", parsed.key_id()), std::pair("typ", parsed.type())}) {
        const auto* const member = header->member(name);
        fuzz::expect((member != nullptr) == read.has_value(), "kid and typ are read where they are written");
        if (member != nullptr) fuzz::expect(member->text() != nullptr && *member->text() == *read, "as written");
    }
}

/// ECDSA lets anyone turn a signature into its twin; the message is the issuer's all the same.
bool is_issued(std::string_view text, const CompactToken& token) {
    for (std::size_t row = 0; row < kAlgorithms.size(); ++row) {
        const std::string_view issued = fuzz::kIssuedTokens[row];
        const bool same_message = issued.substr(0, issued.rfind('.')) == token.signing_input;
        if (issued == text || (kAlgorithms[row].family == Family::ecdsa && same_message)) return true;
    }
    return false;
}

Result<VerifiedToken> verify(const CompactToken& token, Scratch& scratch) {
    static const AlgorithmSet allowed = all_algorithms();
    static const KeySet keys = *KeySet::parse(fuzz::kIssuedKeys, {});
    const auto parsed = ParsedToken::parse(token, allowed, scratch);
    if (!parsed) return parsed.error();
    check_header(token.header, *parsed);
    fuzz::expect(fuzz::to_base64url(parsed->signature()) == token.signature, "a signature has one text");
    return VerifiedToken::check(*parsed, keys);
}

void check_payload(const CompactToken& token, const VerifiedToken& verified) {
    const auto payload = verified.payload();
    fuzz::expect(payload && fuzz::to_base64url(*payload) == token.payload, "a payload has one text");
    const auto read = fuzz::JsonModel::read(*payload);
    const bool is_object = read && read->object() != nullptr && read->names_are_distinct();
    fuzz::expect(bool(verified.claims()) == is_object, "claims are a JSON object");
}

void check(std::string_view text) {
    const auto token = split_compact(text, kMaxBytes);
    check_cut(text, token);
    if (!token) return;
    static Scratch used;  // knows headers of earlier tokens
    Scratch fresh;
    const auto verified = verify(*token, used), again = verify(*token, fresh);
    fuzz::expect(bool(verified) == bool(again), "what was read before changes no verdict");
    // The last is signed with Ed448, which not every build has.
    const auto of_this_build = std::span(fuzz::kIssuedTokens).first(kAlgorithms.size());
    const bool issued = std::ranges::find(of_this_build, text) != of_this_build.end();
    fuzz::expect(bool(verified) || !issued, "a token that the issuer made passes");
    if (!verified) return fuzz::expect(verified.error() == again.error(), "nor its reason");
    fuzz::expect(is_issued(text, *token), "no other does");
    check_payload(*token, *verified);
}

}  // namespace
}  // namespace authjwks

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    authjwks::check({reinterpret_cast<const char*>(data), size});
    return 0;
}
