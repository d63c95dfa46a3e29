#include "base/openssl.hpp"

#include <stdexcept>

#include <gtest/gtest.h>

namespace authjwks {
namespace {

void leave_an_error() { ERR_raise(ERR_LIB_USER, ERR_R_INTERNAL_ERROR); }

TEST(GivenErrorsInTheQueue, TheGuardEmptiesItAtTheEndOfItsScope) {
    {
        const ossl::CleanErrorQueue guard;
        leave_an_error();
        leave_an_error();
        EXPECT_NE(ERR_peek_error(), 0U);
    }
    EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST(GivenAnException, TheGuardEmptiesTheQueueOnItsWayOut) {
    EXPECT_THROW(
        {
            const ossl::CleanErrorQueue guard;
            leave_an_error();
            throw std::runtime_error("on the way out");
        },
        std::runtime_error);
    EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST(GivenASharedKey, ItOutlivesItsFirstOwner) {
    ossl::Pkey first(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    const EVP_PKEY* const key = first.get();

    const ossl::Pkey second = ossl::share(first);
    first.reset();

    EXPECT_EQ(second.get(), key) << "a copy was made";
    EXPECT_EQ(EVP_PKEY_is_a(second.get(), "ED25519"), 1);
}

}  // namespace
}  // namespace authjwks
