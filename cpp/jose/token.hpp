// The stages of verifying a compact JWS: split (CompactToken), parsed (ParsedToken) and verified (VerifiedToken). Each
// can only be made from the one before. RFC 7515 §3.1, §4.1, §5.2.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/json.hpp"
#include "base/refusal.hpp"
#include "base/result.hpp"
#include "jose/algorithm.hpp"
#include "jose/header.hpp"
#include "jose/scratch.hpp"

namespace authjwks {

/// A compact JWS, split at its dots. Views only: the caller keeps the text alive.
struct CompactToken {
    std::string_view header, payload, signature;  ///< base64url text, without the dots; only the payload may be empty
    std::string_view signing_input;               ///< "header.payload", as received
};

/// Splits a token at its two dots (RFC 7515 §7.1), without copying or decoding. @param max_bytes upper bound on
/// text.size(), in bytes. @return too_long; opaque for text without dots, encrypted for five parts (RFC 7516 §7.1),
/// else not_three_parts.
Result<CompactToken> split_compact(std::string_view text, std::size_t max_bytes);

/// A token whose header is parsed and whose algorithm is allowed; nothing in it is trusted yet. Its views refer to the
/// text and to the Scratch that it was parsed with.
class ParsedToken {
  public:
    /// Reads header and signature. @param allowed  what `alg` may be.
    static Result<ParsedToken> parse(const CompactToken& token, const AlgorithmSet& allowed, Scratch& scratch);

    const Algorithm& algorithm() const noexcept { return *header_->algorithm; }
    std::optional<std::string_view> key_id() const noexcept { return header_->key_id; }
    /// The header's `typ`, as written.
    std::optional<std::string_view> type() const noexcept { return header_->type; }
    std::string_view signing_input() const noexcept { return signing_input_; }
    std::string_view signature() const noexcept { return signature_; }

    /// The issuer that the token names, only for finding the keys of a trusted issuer. @return bad_base64url,
    /// bad_claims, claim_missing or claim_invalid.
    Result<std::string_view, Refusal> claimed_issuer();

  private:
    friend class VerifiedToken;
    ParsedToken() = default;
    Result<json::Object> read_claims() const;

    const Header* header_ = nullptr;
    std::string_view signing_input_, signature_, payload_;
    std::optional<json::Object> claims_;  // if they were parsed before the signature was checked
    Scratch* scratch_ = nullptr;
};

class KeySet;

/// A token that was signed by a key of a trusted set.
class VerifiedToken {
  public:
    /// @return unknown_key when no key of the set fits, unusable_key when it names one that was skipped, bad_signature
    /// when none of those that fit made the signature.
    static Result<VerifiedToken> check(const ParsedToken& token, const KeySet& keys);

    std::optional<std::string_view> type() const noexcept { return token_.type(); }

    /// The decoded payload, of any content. @return bad_base64url.
    Result<std::string_view> payload() const;
    /// The payload as a JSON object of distinct members, in the token's Scratch. @return bad_base64url or bad_claims.
    Result<json::Object> claims() const;

  private:
    explicit VerifiedToken(const ParsedToken& token) : token_(token) {}

    ParsedToken token_;
};

}  // namespace authjwks
