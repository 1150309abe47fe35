/* Whether the processor has every feature that a variant of the model needs, and whether the system saves the registers for them.
   The generated file declares the features of each variant; the table in the .NET runtime, CpuFeatures, is their source. */
#include <cpuid.h>

static int has_feature(const cpu_feature *feature) {
    unsigned registers[4];
    if (!__get_cpuid_count(feature->leaf, feature->subleaf, &registers[0], &registers[1], &registers[2], &registers[3])) return 0;
    return (int)(registers[feature->result] >> feature->bit & 1);
}

/* XGETBV gives the mask of saved registers, where CPUID says that it may be executed (OSXSAVE). */
static unsigned saved_registers(void) {
    const cpu_feature osxsave = {1, 0, 2, 27, 0};
    unsigned low = 0, high;
    if (has_feature(&osxsave)) __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

static int is_supported(int number) {
    if (number < 0 || number >= VARIANT_COUNT) return 0;
    unsigned saved = saved_registers();
    for (const cpu_feature *feature = variant_features[number]; feature->leaf; feature++)
        if (!has_feature(feature) || (saved & feature->saved) != feature->saved) return 0;
    return 1;
}
