#include "jose/key.hpp"

#include <array>
#include <optional>
#include <tuple>

#include <openssl/rsa.h>

namespace authjwks {
namespace {

/// DER of two integers of at most 66 bytes each, with room to spare.
using EcdsaDer = std::array<unsigned char, 160>;

const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

/// An ECDSA signature as OpenSSL wants it: JWS writes r and s side by side (RFC 7518 §3.4), OpenSSL reads DER.
std::optional<std::size_t> ecdsa_to_der(std::string_view signature, EcdsaDer& der) {
    const auto half = static_cast<int>(signature.size() / 2);
    const ossl::EcdsaSig pair(ECDSA_SIG_new());
    ossl::Bignum r(BN_bin2bn(bytes(signature), half, nullptr));
    ossl::Bignum s(BN_bin2bn(bytes(signature) + half, half, nullptr));
    if (!pair || !r || !s || ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1) return std::nullopt;
    std::ignore = r.release();  // both numbers are the pair's now
    std::ignore = s.release();
    const int size = i2d_ECDSA_SIG(pair.get(), nullptr);
    if (size <= 0 || static_cast<std::size_t>(size) > der.size()) return std::nullopt;
    unsigned char* out = der.data();
    i2d_ECDSA_SIG(pair.get(), &out);
    return static_cast<std::size_t>(size);
}

/// RSA-PSS as RFC 7518 §3.5 has it: MGF1 with the same digest, a salt as long as the digest.
bool set_up_pss(EVP_PKEY_CTX* ctx) {
    return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1;
}

}  // namespace

Result<PublicKey, KeyFault> PublicKey::bind(const KeyMaterial& material, const Algorithm& algorithm) {
    if (!fits(algorithm, material.type(), material.curve())) return KeyFault::unsupported_alg;
    return PublicKey(material.share(), algorithm, material.signature_bytes());
}

bool PublicKey::verifies(std::string_view message, std::string_view signature) const noexcept {
    const ossl::Turn turn;
    if (signature.size() != signature_bytes_) return false;

    EcdsaDer der;
    if (algorithm_->family == Family::ecdsa) {
        const auto size = ecdsa_to_der(signature, der);
        if (!size) return false;
        signature = {reinterpret_cast<const char*>(der.data()), *size};
    }

    const ossl::MdCtx ctx(EVP_MD_CTX_new());
    EVP_PKEY_CTX* key_ctx = nullptr;  // owned by ctx
    if (!ctx ||
        EVP_DigestVerifyInit_ex(ctx.get(), &key_ctx, algorithm_->digest, nullptr, nullptr, pkey_.get(), nullptr) != 1)
        return false;
    if (algorithm_->family == Family::rsa_pss && !set_up_pss(key_ctx)) return false;
    return EVP_DigestVerify(ctx.get(), bytes(signature), signature.size(), bytes(message), message.size()) == 1;
}

}  // namespace authjwks
