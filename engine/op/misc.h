/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies: moves, constants, selection. */
OP(none)
{
    TRAP(ENGINE_UNREACHABLE);
}
OP(mov)
{
    fp[pc->a] = fp[pc->b];
    NEXT;
}
OP(i32_increment) /* memory at slot a plus imm += b */
{
    int32_t by = (int16_t)pc->b;
    uint32_t y;
    EA(uint32_t, p, fp[pc->a], pc->uimm);
    memcpy(&y, p, sizeof y);
    y += (uint32_t)by;
    memcpy(p, &y, sizeof y);
    NEXT;
}
OP(i32_add_add) /* slot a += c; slot b += d */
{
    fp[pc->a] = (uint32_t)fp[pc->a] + (uint32_t)(int16_t)pc->c;
    fp[pc->b] = (uint32_t)fp[pc->b] + (uint32_t)(int16_t)pc->d;
    NEXT;
}
OP(mov_mov)
{
    fp[pc->a] = fp[pc->b];
    fp[pc->c] = fp[pc->d];
    NEXT;
}
OP(mov2)
{
    V_PUT(V_GET(pc->b));
    NEXT;
}
OP(movn) /* imm slots, to pc[1], from pc[2]; may overlap */
{
    memmove(fp + pc[1].uimm, fp + pc[2].uimm, pc->uimm * sizeof *fp);
    pc += 2;
    NEXT;
}
OP(f32x4_canonical)
{
    u32x4 v = v_u32x4(V_GET(pc->b));
    for (int i = 0; i < 4; i++)
        if ((v[i] & 0x7fffffffu) > 0x7f800000u)
            v[i] = 0x7fc00000u;
    V_PUT(of_u32x4(v));
    NEXT;
}
OP(f64x2_canonical)
{
    u64x2 v = v_u64x2(V_GET(pc->b));
    for (int i = 0; i < 2; i++)
        if ((v[i] & ~((uint64_t)1 << 63)) > (uint64_t)0x7ff << 52)
            v[i] = (uint64_t)0x7ff8 << 48;
    V_PUT(of_u64x2(v));
    NEXT;
}
OP(st_r)
{
    fp[pc->a] = r0;
    NEXT;
}
OP(st_d)
{
    fp[pc->a] = f64_bits(f0);
    NEXT;
}
OP(st_f)
{
    fp[pc->a] = f32_bits(g0);
    NEXT;
}
OP(const32)
{
    fp[pc->a] = pc->uimm;
    NEXT;
}
OP(const64)
{
    fp[pc->a] = insn_u64(&pc[1]);
    pc++;
    NEXT;
}
OP(const128)
{
    struct v128 v;
    memcpy(&v, &pc[1], sizeof v);
    V_PUT(v);
    pc += DATA_INSNS(16);
    NEXT;
}
OP(far_get)
{
    fp[pc->a] = fp[pc->uimm];
    NEXT;
}
OP(far_set)
{
    fp[pc->uimm] = fp[pc->a];
    NEXT;
}
OP(select_s)
{
    uint64_t x = fp[pc->b], y = fp[pc->c];
    fp[pc->a] = (uint32_t)fp[pc->d] ? x : y;
    NEXT;
}
OP(select_r)
{
    uint64_t x = fp[pc->b], y = fp[pc->c];
    fp[pc->a] = (uint32_t)r0 ? x : y;
    NEXT;
}
OP(select128)
{
    struct v128 x = V_GET(pc->b), y = V_GET(pc->c);
    V_PUT((uint32_t)fp[pc->d] ? x : y);
    NEXT;
}
