#include "support/key_pair.hpp"
#include "support/param_builder.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <tuple>

#include <openssl/pem.h>

#include "support/to_base64url.hpp"

namespace authjwks::support {
namespace {

void demand(bool held) {
    if (!held) throw std::runtime_error("OpenSSL failed while a test was set up");
}

unsigned char* bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

const Curve& curve(std::string_view name) {
    const Curve* row = find_curve(name);
    if (row == nullptr) throw std::runtime_error("no such kind of key");
    return *row;
}

ossl::Bignum number_of(const EVP_PKEY* pkey, const char* name) {
    BIGNUM* number = nullptr;
    demand(EVP_PKEY_get_bn_param(pkey, name, &number) == 1);
    return ossl::Bignum(number);
}

std::string padded_bytes_of(const BIGNUM& number, std::size_t size) {
    std::string text(size, '\0');
    demand(BN_bn2binpad(&number, bytes(text), static_cast<int>(size)) == static_cast<int>(size));
    return text;
}

std::string text_of(const ossl::Bio& memory) {
    char* text = nullptr;
    const long size = BIO_get_mem_data(memory.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

/// JWS wants r and s side by side (RFC 7518 §3.4).
std::string side_by_side(std::string_view der, const Curve& on) {
    const unsigned char* in = bytes(der);
    const std::unique_ptr<ECDSA_SIG, ossl::Freed<ECDSA_SIG_free>> pair(
        d2i_ECDSA_SIG(nullptr, &in, static_cast<long>(der.size())));
    demand(pair != nullptr);
    return padded_bytes_of(*ECDSA_SIG_get0_r(pair.get()), on.field_bytes) +
           padded_bytes_of(*ECDSA_SIG_get0_s(pair.get()), on.field_bytes);
}

}  // namespace

KeyPair KeyPair::generate(std::string_view kind) {
    ossl::Pkey pkey;
    if (kind == "RSA")
        pkey.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048}));
    else if (const Curve& row = curve(kind); row.key_type == KeyType::ec)
        pkey.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", row.openssl_name));
    else
        pkey.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, row.openssl_name));
    demand(pkey != nullptr);
    return {std::move(pkey), kind};
}

const KeyPair& KeyPair::of(std::string_view kind) {
    static std::mutex mutex;
    static std::map<std::string, KeyPair, std::less<>> shared;
    const std::lock_guard lock(mutex);
    const auto known = shared.find(kind);
    return known != shared.end() ? known->second : shared.emplace(kind, generate(kind)).first->second;
}

const KeyPair& KeyPair::serving(const Algorithm& algorithm) {
    if (algorithm.key_type == KeyType::rsa) return of("RSA");
    for (const Curve& row : kCurves)
        if (fits(algorithm, row.key_type, &row)) return of(row.name);
    throw std::runtime_error("no kind of key serves this algorithm");
}

std::string KeyPair::sign_natively(const Algorithm& algorithm, std::string_view message, int pss_salt) const {
    const ossl::MdCtx ctx(EVP_MD_CTX_new());
    EVP_PKEY_CTX* key_ctx = nullptr;  // owned by ctx
    demand(EVP_DigestSignInit_ex(ctx.get(), &key_ctx, algorithm.digest, nullptr, nullptr, pkey_.get(), nullptr) == 1);
    if (algorithm.family == Family::rsa_pss)
        demand(EVP_PKEY_CTX_set_rsa_padding(key_ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
               EVP_PKEY_CTX_set_rsa_pss_saltlen(key_ctx, pss_salt) == 1);
    std::size_t size = 0;
    demand(EVP_DigestSign(ctx.get(), nullptr, &size, bytes(message), message.size()) == 1);
    std::string signature(size, '\0');
    demand(EVP_DigestSign(ctx.get(), bytes(signature), &size, bytes(message), message.size()) == 1);
    signature.resize(size);
    return signature;
}

std::string KeyPair::sign(const Algorithm& algorithm, std::string_view message, int pss_salt) const {
    const std::string signature = sign_natively(algorithm, message, pss_salt);
    return algorithm.family == Family::ecdsa ? side_by_side(signature, curve(kind_)) : signature;
}

std::string KeyPair::token(const Algorithm& algorithm, std::string_view header, std::string_view payload) const {
    const std::string signing_input = to_base64url(header) + '.' + to_base64url(payload);
    return signing_input + '.' + to_base64url(sign(algorithm, signing_input));
}

Members KeyPair::jwk() const {
    if (kind_ == "RSA") {
        const auto n = number_of(pkey_.get(), OSSL_PKEY_PARAM_RSA_N), e = number_of(pkey_.get(), OSSL_PKEY_PARAM_RSA_E);
        return {{"kty", json_text("RSA")},
                {"n", json_text(to_base64url(bytes_of(*n)))},
                {"e", json_text(to_base64url(bytes_of(*e)))}};
    }
    const Curve& row = curve(kind_);
    if (row.key_type == KeyType::ec) {
        const auto x = number_of(pkey_.get(), OSSL_PKEY_PARAM_EC_PUB_X);
        const auto y = number_of(pkey_.get(), OSSL_PKEY_PARAM_EC_PUB_Y);
        return {{"kty", json_text("EC")},
                {"crv", json_text(row.name)},
                {"x", json_text(to_base64url(padded_bytes_of(*x, row.field_bytes)))},
                {"y", json_text(to_base64url(padded_bytes_of(*y, row.field_bytes)))}};
    }
    std::string x(row.field_bytes, '\0');
    std::size_t size = x.size();
    demand(EVP_PKEY_get_raw_public_key(pkey_.get(), bytes(x), &size) == 1 && size == x.size());
    return {{"kty", json_text("OKP")}, {"crv", json_text(row.name)}, {"x", json_text(to_base64url(x))}};
}

Members KeyPair::jwk(std::string_view key_id) const {
    Members members = jwk();
    members["kid"] = json_text(key_id);
    return members;
}

std::string KeyPair::public_pem() const {
    const ossl::Bio memory(BIO_new(BIO_s_mem()));
    demand(memory != nullptr && PEM_write_bio_PUBKEY(memory.get(), pkey_.get()) == 1);
    return text_of(memory);
}

std::string KeyPair::private_pem() const {
    const ossl::Bio memory(BIO_new(BIO_s_mem()));
    demand(memory != nullptr &&
           PEM_write_bio_PrivateKey(memory.get(), pkey_.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
    return text_of(memory);
}

ossl::Pkey KeyPair::public_key() const {
    const std::string pem = public_pem();
    const ossl::Bio text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    ossl::Pkey pkey(PEM_read_bio_PUBKEY(text.get(), nullptr, nullptr, nullptr));
    demand(pkey != nullptr);
    return pkey;
}

const Algorithm& algorithm(std::string_view name) {
    const auto row = find_algorithm(name);
    if (!row) throw std::runtime_error("no such algorithm");
    return **row;
}

ossl::Pkey rsa_public_key(const BIGNUM& modulus, const BIGNUM& exponent) {
    const ParamBuilder builder(OSSL_PARAM_BLD_new());
    demand(OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, &modulus) == 1 &&
           OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, &exponent) == 1);
    const Params params(OSSL_PARAM_BLD_to_param(builder.get()));
    const ossl::PkeyCtx ctx(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
    EVP_PKEY* pkey = nullptr;
    demand(EVP_PKEY_fromdata_init(ctx.get()) == 1 &&
           EVP_PKEY_fromdata(ctx.get(), &pkey, EVP_PKEY_PUBLIC_KEY, params.get()) == 1);
    return ossl::Pkey(pkey);
}

std::string bytes_of(const BIGNUM& number) {
    return padded_bytes_of(number, static_cast<std::size_t>(BN_num_bytes(&number)));
}

}  // namespace authjwks::support
