#include "support/key_pair.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <tuple>

#include <openssl/ecdsa.h>
#include <openssl/objects.h>
#include <openssl/pem.h>

#include "support/new_key.hpp"
#include "support/to_base64url.hpp"

namespace authjwks::support {
namespace {

void demand(bool held) {
    if (!held) throw std::runtime_error("the library failed while a test was set up");
}

unsigned char* bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

const Curve& curve(std::string_view name) {
    const Curve* row = find_curve(name);
    if (row == nullptr) throw std::runtime_error("no such kind of key");
    return *row;
}

crypto::Pkey new_key_on(CurveId curve) {
    switch (curve) {
        case CurveId::p256: return new_ec_key(NID_X9_62_prime256v1);
        case CurveId::p384: return new_ec_key(NID_secp384r1);
        case CurveId::p521: return new_ec_key(NID_secp521r1);
        case CurveId::ed25519: return new_key(EVP_PKEY_ED25519);
        case CurveId::ed448: return new_key(NID_ED448);
        case CurveId::none: break;
    }
    return nullptr;
}

const EVP_MD* digest_of(const Algorithm& algorithm) {
    switch (algorithm.digest) {
        case Digest::sha256: return EVP_sha256();
        case Digest::sha384: return EVP_sha384();
        case Digest::sha512: return EVP_sha512();
        case Digest::none: break;
    }
    return nullptr;
}

std::string padded_bytes_of(const BIGNUM& number, std::size_t size) {
    std::string text(size, '\0');
    const auto used = static_cast<std::size_t>(BN_num_bytes(&number));
    demand(used <= size);
    BN_bn2bin(&number, bytes(text) + (size - used));
    return text;
}

std::string text_of(const crypto::Bio& memory) {
    char* text = nullptr;
    const auto size = BIO_get_mem_data(memory.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

/// JWS wants r and s side by side (RFC 7518 §3.4).
std::string side_by_side(std::string_view der, const Curve& on) {
    const unsigned char* in = bytes(der);
    const std::unique_ptr<ECDSA_SIG, crypto::Freed<ECDSA_SIG_free>> pair(
        d2i_ECDSA_SIG(nullptr, &in, static_cast<long>(der.size())));
    demand(pair != nullptr);
    return padded_bytes_of(*ECDSA_SIG_get0_r(pair.get()), on.field_bytes) +
           padded_bytes_of(*ECDSA_SIG_get0_s(pair.get()), on.field_bytes);
}

}  // namespace

KeyPair KeyPair::generate(std::string_view kind) {
    crypto::Pkey pkey = kind == "RSA" ? new_rsa_key(2048) : new_key_on(curve(kind).id);
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
    const crypto::MdCtx ctx(EVP_MD_CTX_new());
    EVP_PKEY_CTX* key_ctx = nullptr;  // owned by ctx
    demand(EVP_DigestSignInit(ctx.get(), &key_ctx, digest_of(algorithm), nullptr, pkey_.get()) == 1);
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
        const auto numbers = public_key().rsa_numbers();
        demand(numbers && numbers->exponent == RSA_F4);
        return {{"kty", json_text("RSA")}, {"n", json_text(to_base64url(numbers->modulus))}, {"e", json_text("AQAB")}};
    }
    const Curve& row = curve(kind_);
    if (row.key_type == KeyType::ec) {
        // The point is the end of it, not compressed: x and y.
        const std::string der = public_der(pkey_.get());
        const auto point = std::string_view(der).substr(der.size() - 2 * row.field_bytes);
        return {{"kty", json_text("EC")},
                {"crv", json_text(row.name)},
                {"x", json_text(to_base64url(point.substr(0, row.field_bytes)))},
                {"y", json_text(to_base64url(point.substr(row.field_bytes)))}};
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
    const crypto::Bio memory(BIO_new(BIO_s_mem()));
    demand(memory != nullptr && PEM_write_bio_PUBKEY(memory.get(), pkey_.get()) == 1);
    return text_of(memory);
}

std::string KeyPair::private_pem() const {
    const crypto::Bio memory(BIO_new(BIO_s_mem()));
    demand(memory != nullptr &&
           PEM_write_bio_PrivateKey(memory.get(), pkey_.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
    return text_of(memory);
}

crypto::Key KeyPair::public_key() const {
    crypto::Pkey pkey = public_key_of(public_der(pkey_.get()));
    demand(pkey != nullptr);
    return crypto::Key(std::move(pkey));
}

const Algorithm& algorithm(std::string_view name) {
    const auto row = find_algorithm(name);
    if (!row) throw std::runtime_error("no such algorithm");
    return **row;
}

std::vector<std::string_view> kinds_of_keys() {
    std::vector<std::string_view> kinds{"RSA"};
    for (const Curve& row : kCurves) kinds.push_back(row.name);
    return kinds;
}

std::string bytes_of(const BIGNUM& number) {
    return padded_bytes_of(number, static_cast<std::size_t>(BN_num_bytes(&number)));
}

}  // namespace authjwks::support
