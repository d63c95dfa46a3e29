// Owners for OpenSSL's objects: the only file in which one is freed.
#pragma once

#include <memory>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

namespace authjwks::ossl {

template <auto Free>
struct Freed {
    template <class T>
    void operator()(T* object) const noexcept {
        Free(object);
    }
};

/// Keys are freed wherever their last snapshot is dropped, which takes locks of OpenSSL's.
struct FreePkey {
    void operator()(EVP_PKEY* pkey) const noexcept;
};

using Bio = std::unique_ptr<BIO, Freed<BIO_free>>;
using Bignum = std::unique_ptr<BIGNUM, Freed<BN_free>>;
using Md = std::unique_ptr<EVP_MD, Freed<EVP_MD_free>>;
using MdCtx = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
using Pkey = std::unique_ptr<EVP_PKEY, FreePkey>;
using PkeyCtx = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX_free>>;
using ParamBuilder = std::unique_ptr<OSSL_PARAM_BLD, Freed<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Freed<OSSL_PARAM_free>>;

/// A second owner of the same key.
inline Pkey share(const Pkey& key) {
    EVP_PKEY_up_ref(key.get());
    return Pkey(key.get());
}

/// A stretch of work with OpenSSL. fork() waits for the end of every thread's turn, for a child in which one of
/// OpenSSL's own locks stays taken hangs on its next signature; so nothing in a turn may wait for anybody. The thread's
/// error queue is empty afterwards: `ssl` and `cryptography` may share it with us. Turns may nest.
class Turn {
  public:
    Turn();
    ~Turn();
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
};

}  // namespace authjwks::ossl
