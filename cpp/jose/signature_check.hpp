// OpenSSL's contexts for checking signatures of one key by one algorithm. Setting them up costs a third of an RSA
// check, so each thread keeps those of the keys it used last.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/openssl.hpp"
#include "jose/algorithm.hpp"

namespace authjwks {

/// Belongs to one thread, and is used within a turn of its.
class SignatureCheck {
  public:
    /// The calling thread's for the key that `key_id` stands for in this process, made at first use.
    /// @return null when OpenSSL cannot make one. Valid until the next call on this thread.
    static SignatureCheck* of_this_thread(std::uint64_t key_id, EVP_PKEY* pkey, const Algorithm& algorithm);

    /// @param signature  raw JWS bytes (RFC 7518 §3) of the length that the key's signatures have.
    bool holds(std::string_view message, std::string_view signature);

  private:
    bool set_up(EVP_PKEY* pkey, const Algorithm& algorithm);
    bool holds_for_digest(std::string_view message, std::string_view signature);

    Family family_{};
    ossl::Pkey pkey_;
    ossl::Md digest_;    // null for EdDSA, which hashes by itself
    ossl::MdCtx hash_;   // EdDSA's whole check
    ossl::PkeyCtx key_;  // null for EdDSA
};

}  // namespace authjwks
