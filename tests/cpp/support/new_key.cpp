#include "support/new_key.hpp"

#include <stdexcept>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

namespace authjwks::support {
namespace {

template <class SetUp>
crypto::Pkey generate(int type, SetUp set_up) {
    const crypto::PkeyCtx ctx(EVP_PKEY_CTX_new_id(type, nullptr));
    EVP_PKEY* pkey = nullptr;
    if (!ctx || EVP_PKEY_keygen_init(ctx.get()) != 1 || set_up(ctx.get()) != 1 ||
        EVP_PKEY_keygen(ctx.get(), &pkey) != 1)
        return nullptr;
    return crypto::Pkey(pkey);
}

}  // namespace

crypto::Pkey new_rsa_key(int bits) {
    return generate(EVP_PKEY_RSA, [bits](EVP_PKEY_CTX* ctx) { return EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, bits); });
}

crypto::Pkey new_ec_key(int curve) {
    return generate(EVP_PKEY_EC,
                    [curve](EVP_PKEY_CTX* ctx) { return EVP_PKEY_CTX_set_ec_paramgen_curve_nid(ctx, curve); });
}

crypto::Pkey new_key(int type) {
    return generate(type, [](EVP_PKEY_CTX*) { return 1; });
}

std::string public_der(const EVP_PKEY* pkey) {
    unsigned char* bytes = nullptr;
    const int size = i2d_PUBKEY(pkey, &bytes);
    if (size <= 0) throw std::runtime_error("a key could not be written");
    const std::string der(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    OPENSSL_free(bytes);
    return der;
}

crypto::Pkey public_key_of(std::string_view der) {
    const auto* in = reinterpret_cast<const unsigned char*>(der.data());
    return crypto::Pkey(d2i_PUBKEY(nullptr, &in, static_cast<long>(der.size())));
}

}  // namespace authjwks::support
