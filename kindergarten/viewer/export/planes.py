"""From pixels to what a video is made of: brightness, and at half the size how blue and how red it is (BT.601)."""

from __future__ import annotations

from kindergarten.world.jit import njit


@njit
def fill_planes(pixels, luma, blueness, redness):
    """Fill luma (H, W), blueness and redness (H/2, W/2), all uint8, from pixels (H, W) uint32, which are 0xRRGGBB."""
    for i in range(luma.shape[0]):
        for j in range(luma.shape[1]):
            red, green, blue = parts(pixels[i, j])
            luma[i, j] = (66 * red + 129 * green + 25 * blue + 4224) >> 8
    for i in range(blueness.shape[0]):
        for j in range(blueness.shape[1]):
            r0, g0, b0 = parts(pixels[2 * i, 2 * j])
            r1, g1, b1 = parts(pixels[2 * i, 2 * j + 1])
            r2, g2, b2 = parts(pixels[2 * i + 1, 2 * j])
            r3, g3, b3 = parts(pixels[2 * i + 1, 2 * j + 1])
            red, green, blue = r0 + r1 + r2 + r3, g0 + g1 + g2 + g3, b0 + b1 + b2 + b3
            blueness[i, j] = (112 * blue - 74 * green - 38 * red + 131584) >> 10
            redness[i, j] = (112 * red - 94 * green - 18 * blue + 131584) >> 10


@njit
def parts(pixel):
    """Red, green and blue, each 0..255."""
    value = int(pixel)
    return (value >> 16) & 255, (value >> 8) & 255, value & 255
